// Package parquetfile opens Parquet tables that strangers made: before the library makes room for what a file says of itself, its size is
// checked, and a panic of the library, which malformed files may cause, becomes an error. It must not import other packages of
// this module.
package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// maxFooter bounds the description at the end of a table. That of ten thousand row groups of ten columns has 20 MB.
const maxFooter = 1 << 28

// Open reads the description of the table of size bytes in r. Reading its rows may panic: see [Guard].
func Open(r io.ReaderAt, size int64) (f *parquet.File, err error) {
	err = Guard(func() (err error) {
		if err := checkFooter(r, size); err != nil {
			return err
		}
		f, err = parquet.OpenFile(io.NewSectionReader(r, 0, size), size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		return err
	})
	return f, err
}

// checkFooter checks the size that a table gives of its description.
func checkFooter(r io.ReaderAt, size int64) error {
	var end [8]byte // the size, and PAR1
	if size < 12 {
		return errors.New("too short")
	}
	if _, err := r.ReadAt(end[:], size-8); err != nil {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); n > size-12 || n > maxFooter {
		return fmt.Errorf("a footer of %d bytes in a file of %d", n, size)
	}
	return nil
}

// ErrMalformed is wrapped by the error for a panic.
var ErrMalformed = errors.New("malformed")

// Guard turns a panic of do into an error that wraps [ErrMalformed].
func Guard(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrMalformed, r)
		}
	}()
	return do()
}
