// Package scratch gives room for numbers that may not fit into memory: a slice that lies in a temporary file, of
// which the system keeps in memory what is used. What becomes of the numbers is for others to say.
package scratch

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/edsrzf/mmap-go"

	"finetune/internal/store/pagefault"
)

// Floats are numbers in a temporary file. Data is valid until Close, and zero at first.
type Floats struct {
	Data    []float32
	file    *os.File
	mapping mmap.MMap
	watched *pagefault.Range
}

// New makes room for n numbers in a file in dir, which is made where it is missing. The file is gone after Close; on
// Unix its name is gone at once, so that no crash leaves it behind.
func New(dir string, n int) (*Floats, error) {
	if n < 1 {
		return nil, fmt.Errorf("a scratch file for %d numbers", n)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "matrix-*")
	if err != nil {
		return nil, err
	}
	s := &Floats{file: f}
	os.Remove(f.Name()) // Windows refuses while the file is open; Close tries again
	if err := f.Truncate(4 * int64(n)); err != nil {
		s.Close()
		return nil, err
	}
	if s.mapping, err = mmap.Map(f, mmap.RDWR, 0); err != nil {
		s.Close()
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	s.watched = pagefault.Watch(unsafe.Pointer(&s.mapping[0]), len(s.mapping), func() error {
		return fmt.Errorf("the system can't keep a temporary file of %.1f GB in %s; check that the disk has room and works", 4*float64(n)/1e9, dir)
	})
	s.Data = unsafe.Slice((*float32)(unsafe.Pointer(&s.mapping[0])), n)
	return s, nil
}

// Close gives the room back. A second call does nothing.
func (s *Floats) Close() error {
	if s.file == nil {
		return nil
	}
	s.Data = nil
	var err error
	if s.mapping != nil {
		err = s.mapping.Unmap()
		s.watched.Forget()
	}
	if closeErr := s.file.Close(); err == nil {
		err = closeErr
	}
	os.Remove(s.file.Name())
	s.file, s.mapping = nil, nil
	return err
}
