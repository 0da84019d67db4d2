package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"finetune/internal/remote"
	"finetune/internal/store/parquetfile"
)

// A parquetFile is an open Parquet table.
type parquetFile struct {
	*parquet.File
	file  remote.File
	stamp stamp
}

func openParquet(ctx context.Context, path string) (p *parquetFile, err error) {
	f, err := remote.Open(ctx, path, anySize)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	p = &parquetFile{file: f}
	if p.stamp, err = stampOf(f); err != nil {
		return nil, err
	}
	p.File, err = parquetfile.Open(f, p.stamp.size)
	if err != nil {
		return nil, failure(remote.Redacted(path), "damaged or not Parquet", err)
	}
	return p, nil
}

func (p *parquetFile) close() { p.file.Close() }

func parquetRows(ctx context.Context, f found) (int64, error) {
	p, err := openParquet(ctx, f.path)
	if err != nil {
		return 0, err
	}
	defer p.close()
	return p.NumRows(), nil
}

// A tableReader enumerates the rows of a Parquet table.
type tableReader struct {
	f       found
	file    *parquetFile
	columns tableColumns
	random  *rowCursors // where images are read again later; nil holds them in memory
}

// readParquet enumerates a Parquet table, one row group and page after the other. Only the columns that count are read.
func readParquet(ctx context.Context, f found, o Options, random *rowCursors, e *emitter) error {
	file, err := openParquet(ctx, f.path)
	if err != nil {
		return err
	}
	defer file.close()
	t := &tableReader{f: f, file: file, random: random}
	if t.columns, err = findColumns(file.File, o); err != nil {
		return failure(f.shown(), "", err)
	}
	row := int64(0)
	for group, g := range file.RowGroups() {
		if err := t.group(ctx, group, g, row, e); err != nil {
			if errors.Is(err, errStop) {
				return err
			}
			return failure(f.shown(), "damaged", err)
		}
		row += g.NumRows()
	}
	return nil
}

// group enumerates a row group, whose first row is the table's row first.
func (t *tableReader) group(ctx context.Context, group int, g parquet.RowGroup, first int64, e *emitter) error {
	chunks := g.ColumnChunks()
	readers := make([]*columnReader, len(t.columns.indexes))
	for i, index := range t.columns.indexes {
		readers[i] = &columnReader{chunk: chunks[index]}
		defer readers[i].close()
	}
	values := make([]parquet.Value, len(readers))
	for i := range g.NumRows() {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		for c, r := range readers {
			var err error
			if values[c], err = r.next(); err != nil {
				return fmt.Errorf("row %d: %w", first+i, err)
			}
		}
		if err := e.emit(t.item(values, place{group: group, row: i}, first+i, e.mine())); err != nil {
			return err
		}
	}
	return nil
}

// A place is a row of a row group.
type place struct {
	group int
	row   int64
}

// item makes an item of a row's values, which stay valid only for the call.
func (t *tableReader) item(values []parquet.Value, at place, row int64, wanted bool) Item {
	if !wanted {
		return Item{}
	}
	c := &t.columns
	var p string
	if c.path >= 0 && !values[c.path].IsNull() {
		p = c.text(c.path, values[c.path])
	}
	numbered := fmt.Sprintf("%s/%d", t.f.name, row)
	var it Item
	switch {
	case c.bytes >= 0 && !values[c.bytes].IsNull():
		it = named(Item{Name: numbered}, p)
		it.content = t.content(values[c.bytes].ByteArray(), at, it.Name)
	case p != "":
		it = pathItem(p, remote.Dir(t.f.path), numbered)
	default:
		return Item{Name: numbered, content: unusable(numbered, "a row without an image", "a path or bytes")}
	}
	for i, name := range c.labels {
		if name != "" && !values[i].IsNull() {
			it.Labels.set(name, c.text(i, values[i]))
		}
	}
	return it
}

func (t *tableReader) content(data []byte, at place, name string) content {
	switch {
	case len(data) > maxHeld:
		return failed{tooLarge(name, maxHeld)}
	case t.random != nil:
		return &tableRow{cursors: t.random, table: t.f.path, name: name, column: t.columns.indexes[t.columns.bytes],
			place: at, stamp: t.file.stamp}
	}
	return held(bytes.Clone(data))
}

// A columnReader reads the values of a column of a row group, one for each row.
type columnReader struct {
	chunk  parquet.ColumnChunk
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    [64]parquet.Value
	have   []parquet.Value // those of buf that are left
	last   bool            // the page has no more than these
}

// next returns the next value. It is valid until the next call.
func (r *columnReader) next() (parquet.Value, error) {
	for len(r.have) == 0 {
		if err := parquetfile.Guard(r.fill); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return parquet.Value{}, err
		}
	}
	v := r.have[0]
	r.have = r.have[1:]
	return v, nil
}

// fill reads more values of the page, or goes on to the next page.
func (r *columnReader) fill() (err error) {
	if r.pages == nil {
		r.pages = r.chunk.Pages()
	}
	if r.page == nil || r.last {
		parquet.Release(r.page)
		if r.page, err = r.pages.ReadPage(); err != nil {
			return err
		}
		r.values, r.last = r.page.Values(), false
	}
	n, err := r.values.ReadValues(r.buf[:])
	r.have = r.buf[:n]
	if errors.Is(err, io.EOF) {
		r.last, err = true, nil
	}
	return err
}

func (r *columnReader) close() {
	if r.page != nil {
		parquet.Release(r.page)
		r.page = nil
	}
	if r.pages != nil {
		r.pages.Close()
		r.pages = nil
	}
}
