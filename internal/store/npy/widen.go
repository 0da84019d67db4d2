package npy

import (
	"bufio"
	"context"
	"os"

	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// mappable reports whether the elements can be used where they are in the file.
func (h Header) mappable() bool { return h.Kind == "f4" && h.Offset%4 == 0 && littleEndian }

// InMemory returns how many bytes of memory [Open] takes for the elements of a file: none for float32, which it maps. It is 0 for a
// file that isn't a matrix.
func InMemory(ctx context.Context, path string) int64 {
	f, h, err := openHeader(ctx, path)
	if err != nil {
		return 0
	}
	defer f.Close()
	if h.mappable() {
		return 0
	}
	return 4 * int64(h.Rows) * int64(h.Cols)
}

// Widen writes a matrix as float32 to another file, row by row.
func Widen(ctx context.Context, from, to string) error {
	f, h, err := openHeader(ctx, from)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := Create(to, h.Cols)
	if err != nil {
		return err
	}
	defer w.Abort()
	row := make([]float32, h.Cols)
	r := bufio.NewReaderSize(f, 1<<20)
	for i := range h.Rows {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := readInto(r, h, row, i*h.Cols); err != nil {
			return &invalid.Error{Path: from, Found: err.Error(), Want: "a matrix that numpy.save wrote"}
		}
		if err := w.WriteRow(row); err != nil {
			return err
		}
	}
	return w.Commit()
}

// openHeader opens a matrix at its first element.
func openHeader(ctx context.Context, path string) (*os.File, Header, error) {
	f, err := userfile.Open(ctx, path, maxFile)
	if err != nil {
		return nil, Header{}, err
	}
	h, err := ReadHeader(f)
	if err != nil {
		f.Close()
		return nil, Header{}, &invalid.Error{Path: path, Found: err.Error(), Want: "a matrix that numpy.save wrote"}
	}
	return f, h, nil
}
