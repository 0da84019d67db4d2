package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"finetune/internal/remote"
	"finetune/invalid"
	"finetune/pipeline/textrows"
)

// readCSV enumerates a table with a header.
func readCSV(ctx context.Context, f found, o Options, e *emitter) error {
	in, err := openText(ctx, f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	text, _, err := textrows.Open(in)
	if err != nil {
		return failure(f.shown(), "cannot be read", err)
	}
	rows, err := textrows.NewCSV(text)
	if err != nil {
		return failure(f.shown(), "no header", err)
	}
	image := textrows.Find(rows.Header, cmp.Or(o.ImageColumn, "path"))
	if image < 0 {
		return &invalid.Error{Path: f.shown(), Found: fmt.Sprintf("a header without %s: %.80q",
			cmp.Or(o.ImageColumn, "path"), strings.Join(rows.Header, ",")),
			Want: "a column with the paths of images", Hint: "name it with {Data.ImageColumn}"}
	}
	fields := meanings(rows.Header, o.LabelColumn)
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failure(f.shown(), "cannot be read", err)
		}
		at := fmt.Sprintf("%s line %d", f.name, row.Line)
		if row.Bad != nil {
			row.Bad.Path = at
			if err := e.emit(Item{Name: at, content: failed{row.Bad}}); err != nil {
				return err
			}
			continue
		}
		it := pathItem(strings.Clone(row.Cells[image]), remote.Dir(f.path), at)
		for i, field := range fields {
			if i == image {
				continue
			}
			value := row.Cells[i]
			if rows.Semicolon && isNumber(field) {
				value = textrows.Decimal(strings.TrimSpace(value))
			}
			it.Labels.set(field, strings.Clone(value))
		}
		if err := e.emit(it); err != nil {
			return err
		}
	}
}

// meanings returns for each column of a table the name of the field that it fills where it fills one: column is the one with the label,
// "" is label.
func meanings(names []string, column string) []string {
	label := textrows.Find(names, cmp.Or(column, "label"))
	fields := make([]string, len(names))
	for i, name := range names {
		switch {
		case i == label:
			fields[i] = "label"
		case !strings.EqualFold(name, "label"): // or another column is the label
			fields[i] = name
		}
	}
	return fields
}
