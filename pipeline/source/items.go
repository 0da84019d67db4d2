package source

import (
	"context"
	"io"
	"os"

	"finetune/invalid"
)

// Items enumerates all items at once, for work that needs them in another order or several times, such as training.
// Their Bytes may be called until Close. Labels are the input's text.
//
// Images that can't be read at random, in compressed tar archives and JSON lines, are copied to a temporary file
// meanwhile.
func (s *Source) Items(ctx context.Context) ([]Item, error) {
	if s.o.Path == Stdin {
		return nil, &invalid.Error{Field: "Path", Found: "standard input",
			Want: "a file or folder, which can be read more than once"}
	}
	if s.cursors == nil {
		s.cursors = &rowCursors{}
	}
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
