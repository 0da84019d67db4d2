package table

import (
	"fmt"
	"io"
)

// An Encoder writes rows to a stream. Close writes what a format ends with; it doesn't close the stream.
type Encoder interface {
	Write(*Row) error
	Flush() error // hands on what is complete; for Parquet, nothing
	Close() error
}

// EncodeOptions says how rows are written.
type EncodeOptions struct {
	Schema Schema
	Format Format

	// SpreadsheetSafe puts an apostrophe before the text in a CSV that begins with =, +, -, @, a tab or a carriage
	// return, which a spreadsheet would take for a formula. A reader of the table must take it away again.
	SpreadsheetSafe bool
}

// NewEncoder returns an Encoder. An unknown column is an *invalid.Error with the Field "Columns".
func NewEncoder(w io.Writer, o EncodeOptions) (Encoder, error) { return newEncoder(w, o, false) }

// newEncoder leaves out a CSV's header where the rows go on after others.
func newEncoder(w io.Writer, o EncodeOptions, goesOn bool) (Encoder, error) {
	cols, err := o.Schema.columns()
	if err != nil {
		return nil, err
	}
	switch o.Format {
	case CSV:
		return newCSV(w, o, cols, goesOn)
	case JSONL:
		return newJSONL(w, o, cols), nil
	case Parquet:
		return newParquet(w, o, cols), nil
	}
	return nil, fmt.Errorf("table: no format %q", o.Format)
}
