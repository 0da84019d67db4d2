package source

import (
	"context"
	"io"
	"os"
	"sync"

	"finetune/invalid"
)

// Items enumerates all items at once, for work that needs them in another order or several times, such as training. Their
// Bytes may be called until Close. Labels are the input's text.
//
// Images that can't be read at random, in compressed tar archives and JSON lines, are copied to a temporary file meanwhile.
func (s *Source) Items(ctx context.Context) ([]Item, error) {
	if s.o.Path == Stdin {
		return nil, &invalid.Error{Field: "Path", Found: "standard input", Want: "a file or folder, which can be read more than once"}
	}
	s.cursors = &rowCursors{}
	defer func() { s.random = nil }()
	s.random = s.cursors
	var items []Item
	for it, err := range s.All(ctx) {
		if err == nil {
			err = s.keep(&it)
		}
		if err != nil {
			s.Close()
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

// Close drops what [Source.Items] keeps open.
func (s *Source) Close() error {
	if s.cursors != nil {
		s.cursors.close()
		s.cursors = nil
	}
	return s.spool.close()
}

// keep moves an image from memory to the spool.
func (s *Source) keep(it *Item) error {
	h, ok := it.content.(held)
	if !ok {
		return nil
	}
	c, err := s.spool.add(h)
	if err != nil {
		return err
	}
	it.content = c
	return nil
}

// A spool is a temporary file of images, without a name where the system allows that. The zero value is empty.
type spool struct {
	dir  string
	file *os.File
	size int64
}

func (s *spool) add(data []byte) (content, error) {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "images-*")
		if err != nil {
			return nil, err
		}
		s.file, s.size = f, 0
		os.Remove(f.Name()) // fails where open files keep their name; close tries again
	}
	if _, err := s.file.WriteAt(data, s.size); err != nil {
		return nil, err
	}
	c := spooled{s.file, s.size, int64(len(data))}
	s.size += c.size
	return c, nil
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	os.Remove(s.file.Name())
	s.file = nil
	return err
}

// spooled is an image in a spool.
type spooled struct {
	file         *os.File
	offset, size int64
}

func (s spooled) appendTo(ctx context.Context, buf []byte) ([]byte, error) {
	return appendAll(ctx, buf, io.NewSectionReader(s.file, s.offset, s.size), s.size)
}

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

// maxCursors bounds how many places of Parquet tables are kept open. A worker that reads a block of rows in order needs one.
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
	return &rowCursor{table: r.table, place: place{group: r.place.group}, file: file, columnReader: columnReader{chunk: chunk}}, nil
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
