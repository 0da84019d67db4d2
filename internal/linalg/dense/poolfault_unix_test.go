//go:build unix

package dense

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A fault in memory of a mapped file reaches the caller of Run, whichever worker met it, and the pool is as good as before.
func TestFaultReachesCaller(t *testing.T) {
	const rows, cols = 640, 1024
	f, err := os.Create(filepath.Join(t.TempDir(), "matrix"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(4 * rows * cols); err != nil {
		t.Fatal(err)
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, 4*rows*cols, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mapped)
	x := unsafe.Slice((*float32)(unsafe.Pointer(&mapped[0])), rows*cols)
	w, c := Wrap(5, cols, make([]float32, 5*cols)), Wrap(rows, 5, make([]float32, rows*5))
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, workers := range []int{1, 2, 4} {
		p := NewPool(workers)
		index := make([]int, rows)
		for i := range index {
			index[i] = i
		}
		work := func() (cause any) {
			defer func() { cause = recover() }()
			p.MulRowsBt(c, Rows{Data: x, Cols: cols, Stride: cols, Index: index, Shift: make([]float32, cols)}, p.Pack(w))
			return nil
		}
		for _, size := range []int64{4 * rows * cols, 2 * rows * cols, 0, 4 * rows * cols} {
			if err := f.Truncate(size); err != nil {
				t.Fatal(err)
			}
			cause := work()
			fault, ok := cause.(addressed)
			if cut := size < 4*rows*cols; ok != cut {
				t.Fatalf("%d workers, %d bytes: panic %v", workers, size, cause)
			}
			if start := uintptr(unsafe.Pointer(&mapped[0])); ok && (fault.Addr() < start+uintptr(size) || fault.Addr() >= start+uintptr(len(mapped))) {
				t.Errorf("%d workers, %d bytes: a fault %#x bytes after the start", workers, size, fault.Addr()-start)
			}
		}
		p.Close()
	}
}
