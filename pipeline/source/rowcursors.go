package source

import (
	"context"
	"sync"

	"finetune/invalid"
)

// A tableRow is an image in a Parquet table.
type tableRow struct {
	cursors *rowCursors
	table   string // path
	name    string
	column  int
	place   place
	stamp   stamp
}

func (r *tableRow) appendTo(ctx context.Context, buf []byte) ([]byte, error) {
	buf, err := r.cursors.read(ctx, r, buf)
	if err != nil {
		return buf, failure(r.name, "cannot be read", err)
	}
	return buf, nil
}

// maxCursors bounds how many places of Parquet tables are kept open. A worker that reads a block of rows in order
// needs one.
const maxCursors = 16

// rowCursors keep places in Parquet tables open, since a row is reached only over those before it in its row group.
type rowCursors struct {
	mu     sync.Mutex
	open   []*rowCursor // the last used one last
	closed bool
}

// A rowCursor stands before a row.
type rowCursor struct {
	table string
	place place // of the next value
	file  *parquetFile
	columnReader
}

// read appends the image of a row.
func (c *rowCursors) read(ctx context.Context, r *tableRow, buf []byte) ([]byte, error) {
	cur, err := c.take(ctx, r)
	if err != nil {
		return buf, err
	}
	cur.file.file.Use(ctx)
	for {
		v, err := cur.next()
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			cur.close()
			return buf, err
		}
		if cur.place.row++; cur.place.row > r.place.row {
			buf = append(buf, v.ByteArray()...)
			c.put(cur)
			return buf, nil
		}
	}
}

// take returns a cursor for the caller alone: the one that is nearest before the row, or a new one.
func (c *rowCursors) take(ctx context.Context, r *tableRow) (*rowCursor, error) {
	c.mu.Lock()
	best := -1
	for i, cur := range c.open {
		if cur.table == r.table && cur.place.group == r.place.group && cur.place.row <= r.place.row &&
			(best < 0 || cur.place.row > c.open[best].place.row) {
			best = i
		}
	}
	if best >= 0 {
		cur := c.open[best]
		c.open = append(c.open[:best], c.open[best+1:]...)
		c.mu.Unlock()
		return cur, nil
	}
	c.mu.Unlock()
	file, err := openParquet(ctx, r.table)
	if err != nil {
		return nil, err
	}
	if file.stamp != r.stamp {
		file.close()
		return nil, &invalid.Error{Path: r.name, Found: "a table that changed while it was read", Hint: "start again"}
	}
	chunk := file.RowGroups()[r.place.group].ColumnChunks()[r.column]
	return &rowCursor{table: r.table, place: place{group: r.place.group}, file: file,
		columnReader: columnReader{chunk: chunk}}, nil
}

// put gives a cursor back.
func (c *rowCursors) put(cur *rowCursor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		cur.close()
		return
	}
	c.open = append(c.open, cur)
	if len(c.open) > maxCursors {
		c.open[0].close()
		c.open = c.open[1:]
	}
}

func (c *rowCursors) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cur := range c.open {
		cur.close()
	}
	c.open, c.closed = nil, true
}

func (cur *rowCursor) close() {
	cur.columnReader.close()
	cur.file.close()
}
