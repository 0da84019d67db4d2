package npy

import (
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"github.com/edsrzf/mmap-go"
)

// A Mapped is a matrix on disk. Data is read-only and valid until Close; a float32 file is mapped, so that only the
// rows which are touched take memory.
type Mapped struct {
	Rows, Cols int
	Data       []float32
	mapping    mmap.MMap
}

// Open opens the matrix in a file.
func Open(path string) (*Mapped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := open(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

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
		return nil, fmt.Errorf("%d bytes long; its header promises %d × %d %s, %d bytes", info.Size(), h.Rows, h.Cols, h.Kind, h.Size())
	}
	m := &Mapped{Rows: h.Rows, Cols: h.Cols}
	if h.Rows == 0 || h.Cols == 0 {
		return m, nil
	}
	if h.Kind != "f4" || h.Offset%4 != 0 || !littleEndian {
		m.Data, err = readElements(f, h)
		return m, err
	}
	m.mapping, err = mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("map into memory: %w", err)
	}
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
	return mapping.Unmap()
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
