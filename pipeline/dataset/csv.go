package dataset

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

// readCSV reads a table with a header. Columns are separated by what the header has most of: commas, semicolons or
// tabs; a first line such as "sep=;" says it.
func (l *loader) readCSV(r io.Reader) error {
	l.layout = CSV
	in, err := l.text(r)
	if err != nil {
		return err
	}
	rows := csv.NewReader(in)
	if rows.Comma, err = l.separator(in); err != nil {
		return err
	}
	l.comma = rows.Comma == ';'
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return &invalid.Error{
			Path:  l.table,
			Found: "nothing",
			Want:  "a header such as path,label and a line for each image",
		}
	}
	if err != nil {
		return l.csvError(err)
	}
	cols, err := l.columns(slices.Clone(header))
	if err == nil {
		err = l.checkColumns(cols, header)
	}
	if err != nil {
		return err
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return l.csvError(err)
		}
		line, _ := rows.FieldPos(0)
		if err := l.csvRow(cols, row, line); err != nil {
			return err
		}
		l.expect(rows.InputOffset())
	}
}

// csvRow takes a row; one whose cells are all empty, as spreadsheets write after the last, is passed over.
func (l *loader) csvRow(cols []column, row []string, line int) error {
	if !slices.ContainsFunc(row, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
		return nil
	}
	if len(row) != len(cols) {
		return l.wrongAt(line, count(len(row), "column"), fmt.Sprintf("%d as in the header", len(cols)),
			"put values that hold a separator in double quotes")
	}
	rec := newRecord("", "", line)
	for i, c := range cols {
		var err error
		if c.by {
			rec.by = strings.ToValidUTF8(strings.TrimSpace(strings.Clone(row[i])), "�")
		}
		switch {
		case c.oneHot:
			err = l.setOneHot(&rec, c.votes, row[i])
		case c.votes >= 0:
			err = l.setVotes(&rec, c.votes, row[i])
		case c.role != "":
			err = l.setField(&rec, c.role, strings.Clone(row[i]))
		}
		if err != nil {
			return err
		}
	}
	return l.add(rec)
}

// separator takes it from a line such as "sep=;", which it passes over, or guesses it from the header, which holds no
// quoted separators in any file that we know of.
func (l *loader) separator(in *bufio.Reader) (rune, error) {
	begin, _ := in.Peek(1 << 12) // a read error comes again below
	first, _, _ := strings.Cut(string(begin), "\n")
	if sep, ok := strings.CutPrefix(strings.Trim(first, "\"\r"), "sep="); ok && len(sep) == 1 {
		if strings.ContainsAny(sep, "\"\r\n\ufffd") {
			return 0, l.wrongAt(1, fmt.Sprintf("the separator %q", sep), "a comma, a semicolon or a tab", "")
		}
		l.skipped = 1
		in.Discard(min(len(begin), len(first)+1))
		return rune(sep[0]), nil
	}
	best := ','
	for _, sep := range ";\t" {
		if strings.Count(first, string(sep)) > strings.Count(first, string(best)) {
			best = sep
		}
	}
	return best, nil
}

func (l *loader) csvError(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return l.wrongAt(p.StartLine, p.Err.Error(), "a line of CSV", `double a quote inside a quoted value ("")`)
	}
	return fmt.Errorf("read %s: %w", l.table, err)
}
