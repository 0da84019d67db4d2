package table

import (
	"encoding/csv"
	"io"
	"strconv"

	"finetune/pipeline/artifact"
)

type csvEncoder struct {
	o    EncodeOptions
	cols []column
	w    *csv.Writer
	row  []string
	text []byte
	safe func(text string) string // how text is written
}

func newCSV(w io.Writer, o EncodeOptions, cols []column, goesOn bool) (Encoder, error) {
	e := &csvEncoder{o: o, cols: cols, w: csv.NewWriter(w), row: make([]string, len(cols)), safe: artifact.Cell(o.SpreadsheetSafe)}
	if goesOn {
		return e, nil
	}
	for i, c := range cols {
		e.row[i] = e.safe(c.name)
	}
	return e, e.w.Write(e.row)
}

func (e *csvEncoder) Write(r *Row) error {
	if err := e.o.Schema.check(r); err != nil {
		return err
	}
	for i, c := range e.cols {
		e.row[i] = e.value(r, c)
	}
	return e.w.Write(e.row)
}

func (e *csvEncoder) value(r *Row, c column) string {
	if text, ok := r.text(c.name); ok {
		return e.safe(text)
	}
	if c.name == FeaturesColumn {
		if r.Features == nil {
			return ""
		}
		e.text = appendFloats(e.text[:0], r.Features)
		return string(e.text)
	}
	if c.name == expectedColumn {
		if r.Expected == nil {
			return ""
		}
		return strconv.FormatFloat(*r.Expected, 'g', -1, 64)
	}
	if v := r.truth(c.name); v != nil {
		return strconv.FormatBool(*v)
	}
	if v := r.float32(c); v != nil {
		return strconv.FormatFloat(float64(*v), 'g', -1, 32)
	}
	return ""
}

// appendFloats appends numbers as a JSON list.
func appendFloats(b []byte, values []float32) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloat32(b, v)
	}
	return append(b, ']')
}

func (e *csvEncoder) Flush() error {
	e.w.Flush()
	return e.w.Error()
}

func (e *csvEncoder) Close() error { return e.Flush() }
