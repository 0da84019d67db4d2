package dataset

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/textrows"
)

// readCSV reads a table with a header.
func (l *loader) readCSV(r io.Reader) error {
	l.layout = CSV
	in, err := l.text(r)
	if err != nil {
		return err
	}
	rows, err := textrows.NewCSV(in)
	if err != nil {
		return l.inTable(err)
	}
	l.header, l.comma = rows.Line, rows.Semicolon
	cols, err := l.columns(rows.Header)
	if err == nil {
		err = l.checkColumns(cols, rows.Header)
	}
	if err != nil {
		return err
	}
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return l.inTable(err)
		}
		if row.Bad != nil {
			row.Bad.Path = l.at(row.Line)
			return row.Bad
		}
		if err := l.csvRow(cols, row.Cells, row.Line); err != nil {
			return err
		}
		l.expect(rows.Offset())
	}
}

func (l *loader) csvRow(cols []column, row []string, line int) error {
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

// inTable adds the table to an error of reading it.
func (l *loader) inTable(err error) error {
	var bad *invalid.Error
	if !errors.As(err, &bad) {
		return fmt.Errorf("read %s: %w", l.table, err)
	}
	at := *bad
	at.Path = l.table
	return &at
}
