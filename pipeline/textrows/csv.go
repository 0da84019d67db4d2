package textrows

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"finetune/invalid"
)

// MaxRow bounds the bytes of a row, which would be gathered in memory.
const MaxRow = 1 << 20

// A rowLimit is a reader that fails when a row has too many bytes.
type rowLimit struct {
	r    io.Reader
	left int
}

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, &invalid.Error{Found: fmt.Sprintf("a row of more than %d bytes", MaxRow), Want: "a line for each image",
			Hint: "look for a double quote that isn't closed"}
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}

// CSV reads a table with a header. Columns are separated by what the header has most of: commas, semicolons or tabs; a first line such
// as "sep=;" says it.
type CSV struct {
	Header    []string // without space around the names
	Line      int      // of the header
	Semicolon bool     // numbers may have a decimal comma; see Decimal
	rows      *csv.Reader
	limit     *rowLimit
	last      int // where the last row began
}

// A Row is valid until the next one is read.
type Row struct {
	Cells []string // as many as the header has; nil where Bad is set
	Line  int      // of the file, from 1
	Bad   *invalid.Error
}

// NewCSV reads the header of a text that Open returned. A text without one, or with one that can't be read, is an *invalid.Error.
func NewCSV(in *bufio.Reader) (*CSV, error) {
	c := &CSV{Line: 1, limit: &rowLimit{r: in, left: MaxRow}}
	begin, _ := in.Peek(peek) // a read error comes again below
	comma, skip, err := separator(string(begin))
	if err != nil {
		return nil, err
	}
	if skip > 0 {
		c.Line = 2
		in.Discard(skip)
	}
	c.Semicolon = comma == ';'
	c.rows = csv.NewReader(bufio.NewReaderSize(c.limit, 1<<16))
	c.rows.Comma, c.rows.FieldsPerRecord, c.rows.ReuseRecord = comma, -1, true
	c.last = c.Line
	header, err := c.rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, &invalid.Error{Found: "nothing", Want: "a header such as path,label and a line for each image"}
	}
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return nil, &invalid.Error{Found: "no header: " + bad.Error(), Want: "a line of CSV"}
	}
	if err != nil {
		return nil, err
	}
	c.Header = slices.Clone(header)
	for i := range c.Header {
		c.Header[i] = strings.TrimSpace(c.Header[i])
	}
	return c, nil
}

// Next returns the next row, io.EOF after the last. A row whose cells are all empty, as spreadsheets write after the last, is passed
// over. An error is one of reading.
func (c *CSV) Next() (Row, error) {
	for {
		c.limit.left = MaxRow
		cells, err := c.rows.Read()
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			return Row{Line: bad.StartLine + c.Line - 1, Bad: &invalid.Error{Found: bad.Err.Error(), Want: "a line of CSV",
				Hint: `double a quote inside a quoted value ("")`}}, nil
		}
		if err != nil {
			return Row{}, c.after(err)
		}
		line, _ := c.rows.FieldPos(0)
		c.last = line + c.Line - 1
		if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			continue
		}
		row := Row{Cells: cells, Line: c.last}
		if len(cells) != len(c.Header) {
			row.Cells, row.Bad = nil, &invalid.Error{Found: columns(len(cells)), Want: fmt.Sprintf("%d as in the header", len(c.Header)),
				Hint: "put values that hold a separator in double quotes"}
		}
		return row, nil
	}
}

// after adds where a row begins that is too long to be read, and so has no place of its own.
func (c *CSV) after(err error) error {
	var long *invalid.Error
	if !errors.As(err, &long) {
		return err
	}
	at := *long
	at.Found += fmt.Sprintf(" after that of line %d, where reading ended", c.last)
	return &at
}

// Offset is how many bytes of the text are read.
func (c *CSV) Offset() int64 { return c.rows.InputOffset() }

func columns(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}

// separator takes it from a line such as "sep=;", of which it returns the length, or guesses it from the header, which holds no
// quoted separators in any file that we know of.
func separator(begin string) (comma rune, skip int, err error) {
	first, _, _ := strings.Cut(begin, "\n")
	if sep, ok := strings.CutPrefix(strings.Trim(first, "\"\r"), "sep="); ok && len(sep) == 1 {
		if strings.ContainsAny(sep, "\"\r\n\ufffd") {
			return 0, 0, &invalid.Error{Found: fmt.Sprintf("the separator %q", sep), Want: "a comma, a semicolon or a tab"}
		}
		return rune(sep[0]), min(len(begin), len(first)+1), nil
	}
	comma = ','
	for _, sep := range ";\t" {
		if strings.Count(first, string(sep)) > strings.Count(first, string(comma)) {
			comma = sep
		}
	}
	return comma, 0, nil
}
