package source

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"finetune/internal/remote"
	"fmt"
	"io"
	"slices"
	"strings"

	"finetune/invalid"
)

// A rowLimit is a reader that fails when a row has too many bytes, which encoding/csv would gather in memory.
type rowLimit struct {
	r    io.Reader
	left int
}

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, &invalid.Error{Found: fmt.Sprintf("a row of more than %d bytes", maxText),
			Hint: "look for a double quote that isn't closed"}
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}

// readCSV enumerates a table with a header.
func readCSV(ctx context.Context, f found, o Options, e *emitter) error {
	in, err := openText(ctx, f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	limit := &rowLimit{r: in, left: maxText}
	text := bufio.NewReaderSize(limit, 1<<16)
	begin, err := text.Peek(1 << 12) // shorter at the end of the file
	if err != nil && !errors.Is(err, io.EOF) {
		return failure(f.shown(), "cannot be read", err)
	}
	if strings.HasPrefix(string(begin), bom) {
		text.Discard(len(bom))
	}
	rows := csv.NewReader(text)
	rows.Comma = separator(begin)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return failure(f.shown(), "no header", err)
	}
	header = slices.Clone(header)
	image := imageColumn(header, o)
	if image < 0 {
		return &invalid.Error{Path: f.shown(), Found: fmt.Sprintf("a header without %s: %.80q",
			cmp.Or(o.ImageColumn, "path"), strings.Join(header, ",")),
			Want: "a column with the paths of images"}
	}
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		limit.left = maxText
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *csv.ParseError
		if err != nil && !errors.As(err, &bad) {
			return failure(f.shown(), "cannot be read", err)
		}
		if err := e.emit(csvItem(f, header, row, image, o, rows, bad)); err != nil {
			return err
		}
	}
}

func csvItem(f found, header, row []string, image int, o Options, rows *csv.Reader, bad *csv.ParseError) Item {
	if bad != nil {
		at := fmt.Sprintf("%s line %d", f.name, bad.StartLine)
		return Item{Name: at, content: unusable(at, bad.Err.Error(), fmt.Sprintf("%d columns of CSV", len(header)))}
	}
	line, _ := rows.FieldPos(0)
	it := pathItem(strings.Clone(row[image]), remote.Dir(f.path), fmt.Sprintf("%s line %d", f.name, line))
	for i, name := range header {
		if i != image {
			it.Labels.set(labelName(strings.TrimSpace(name), o.LabelColumn), strings.Clone(row[i]))
		}
	}
	return it
}

// imageColumn returns the place of the column with the paths, or -1.
func imageColumn(header []string, o Options) int {
	return slices.IndexFunc(header, func(h string) bool {
		return strings.EqualFold(strings.TrimSpace(h), cmp.Or(o.ImageColumn, "path"))
	})
}

// separator guesses from the header: a comma, or a semicolon or tab where there is no comma.
func separator(begin []byte) rune {
	header, _, _ := strings.Cut(string(begin), "\n")
	for _, r := range ",;\t" {
		if strings.ContainsRune(header, r) {
			return r
		}
	}
	return ','
}
