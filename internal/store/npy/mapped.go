package npy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unsafe"

	"github.com/edsrzf/mmap-go"

	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// maxFile is the size of the largest matrix whose header is accepted.
const maxFile = maxHeader + 8*maxElements

// A Mapped is a matrix on disk. Data is read-only and valid until Close; a float32 file is mapped, so that only the
// rows which are touched take memory.
type Mapped struct {
	Rows, Cols int
	Data       []float32
	mapping    mmap.MMap
	watched    *watched
}

// Open opens the matrix in a file. A file that isn't a matrix gives an *invalid.Error.
func Open(path string) (*Mapped, error) {
	f, err := userfile.Open(context.Background(), path, maxFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := open(f)
	var machine *fs.PathError
	switch {
	case errors.As(err, &machine), errors.Is(err, errMap):
		return nil, fmt.Errorf("read %s: %w", path, err)
	case err != nil:
		return nil, &invalid.Error{Path: path, Found: err.Error(), Want: "a matrix that numpy.save wrote"}
	}
	return m, nil
}

// errMap is wrapped by the error of the system when it can't map a file.
var errMap = errors.New("map into memory")

func open(f *os.File) (*Mapped, error) {
	h, err := ReadHeader(f)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < h.Size() {
		return nil, fmt.Errorf("%d bytes long; a matrix of %d × %d %s has %d",
			info.Size(), h.Rows, h.Cols, h.Kind, h.Size())
	}
	m := &Mapped{Rows: h.Rows, Cols: h.Cols}
	if h.Rows == 0 || h.Cols == 0 {
		return m, nil
	}
	if !h.mappable() {
		m.Data = make([]float32, h.Rows*h.Cols)
		return m, readInto(f, h, m.Data, 0)
	}
	m.mapping, err = mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMap, err)
	}
	m.watched = watch(unsafe.Pointer(&m.mapping[0]), len(m.mapping), f.Name(), info)
	m.Data = unsafe.Slice((*float32)(unsafe.Pointer(&m.mapping[h.Offset])), h.Rows*h.Cols)
	return m, nil
}

// Close gives the mapping back. Data must not be used afterwards.
func (m *Mapped) Close() error {
	m.Data = nil
	if m.mapping == nil {
		return nil
	}
	mapping := m.mapping
	m.mapping = nil
	defer m.watched.Forget()
	return mapping.Unmap()
}

// Check returns an error if the file was changed since Open. A file that was replaced by another is still mapped as it was.
func (m *Mapped) Check() error { return m.watched.check() }

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
