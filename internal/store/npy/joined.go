package npy

import (
	"context"
	"errors"
	"fmt"
	"os"

	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// A Joined is several matrices on disk as one, without copying them where the system can map files to chosen addresses. The rows of a
// part follow each other; between parts may be rows that belong to none and are 0. Data is read-only and valid until Close.
type Joined struct {
	Rows, Cols int // with the rows between parts
	Data       []float32
	Starts     []int // row that each part begins at
	Lengths    []int // rows of each part
	close      func() error
	watched    []*watched
}

// Check returns an error if a part was changed since Join.
func (j *Joined) Check() error {
	for _, w := range j.watched {
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the mappings back. Data must not be used afterwards.
func (j *Joined) Close() error {
	if j.close == nil {
		return nil
	}
	end := j.close
	j.Data, j.close = nil, nil
	defer func() {
		for _, w := range j.watched {
			w.Forget()
		}
	}()
	return end()
}

// ErrNotMappable is wrapped by the error for a part that can't be mapped beside the others: it isn't float32, or its rows begin at an
// odd place of the file.
var ErrNotMappable = errors.New("not mappable")

// A part is a matrix that is to be joined.
type part struct {
	file   *os.File
	header Header
	info   os.FileInfo
	at     int // row that it begins at
}

// Join opens several matrices of as many columns. Each begins at a multiple of unit rows.
func Join(ctx context.Context, unit int, paths ...string) (_ *Joined, err error) {
	parts := make([]part, 0, len(paths))
	defer func() {
		for _, p := range parts {
			p.file.Close()
		}
	}()
	for _, path := range paths {
		f, err := userfile.Open(ctx, path, maxFile)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{file: f})
		p := &parts[len(parts)-1]
		if p.header, err = ReadHeader(f); err != nil {
			return nil, &invalid.Error{Path: path, Found: err.Error(), Want: "a matrix that numpy.save wrote"}
		}
		if p.info, err = f.Stat(); err != nil {
			return nil, err
		}
		switch h, first := p.header, parts[0].header; {
		case h.Cols != first.Cols:
			return nil, &invalid.Error{Path: path, Found: fmt.Sprintf("%d columns", h.Cols), Want: fmt.Sprintf("%d, as %s has", first.Cols, paths[0])}
		case p.info.Size() < h.Size():
			return nil, &invalid.Error{Path: path, Found: fmt.Sprintf("%d bytes", p.info.Size()), Want: fmt.Sprint(h.Size())}
		case !h.mappable():
			return nil, fmt.Errorf("%s: %w", path, ErrNotMappable)
		}
	}
	j, err := join(parts, unit)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		j.Lengths = append(j.Lengths, p.header.Rows)
	}
	return j, nil
}
