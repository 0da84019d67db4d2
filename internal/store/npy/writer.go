package npy

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/half"
)

// headerSize is the length of the header that NumPy writes for any matrix: a multiple of 64, so that a mapped file is
// aligned, with room for the number of rows to grow.
const headerSize = 128

// A Writer writes a matrix row by row to a file that is whole or absent. Every Writer must end with Commit or Abort.
type Writer struct {
	file       *atomicfile.File
	rows, cols int
	buf        []byte   // of a row of float32
	halves     []uint16 // of a row of float16
}

// Create starts a float32 matrix that will stand at path. The number of rows need not be known yet.
func Create(path string, cols int) (*Writer, error) {
	w, err := create(path, cols)
	if err == nil {
		w.buf = make([]byte, 4*cols)
	}
	return w, err
}

// CreateHalf is Create for a float16 matrix, to which rows are rounded.
func CreateHalf(path string, cols int) (*Writer, error) {
	w, err := create(path, cols)
	if err == nil {
		w.halves = make([]uint16, cols)
	}
	return w, err
}

func create(path string, cols int) (*Writer, error) {
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, headerSize)); err != nil {
		f.Abort()
		return nil, err
	}
	return &Writer{file: f, cols: cols}, nil
}

// WriteRow writes the next row, which must have as many elements as the matrix has columns.
func (w *Writer) WriteRow(row []float32) error {
	if len(row) != w.cols {
		return fmt.Errorf("npy: a row of %d elements in a matrix of %d columns", len(row), w.cols)
	}
	w.rows++
	if w.halves != nil {
		half.Encode(w.halves, row)
		half.ToLittleEndian(w.halves)
		_, err := w.file.Write(half.Bytes(w.halves))
		return err
	}
	if _, err := binary.Encode(w.buf, binary.LittleEndian, row); err != nil {
		return err
	}
	_, err := w.file.Write(w.buf)
	return err
}

// Commit completes the header and puts the file in place.
func (w *Writer) Commit() error {
	kind := "f4"
	if w.halves != nil {
		kind = "f2"
	}
	if _, err := w.file.WriteAt(header(kind, []int{w.rows, w.cols}), 0); err != nil {
		return err
	}
	return w.file.Commit()
}

// Abort drops what was written, unless it was committed.
func (w *Writer) Abort() { w.file.Abort() }

func header(kind string, shape []int) []byte {
	const prefix = len(magic) + 4
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = strconv.Itoa(n)
	}
	list := strings.Join(dims, ", ")
	if len(shape) == 1 {
		list += ","
	}
	text := fmt.Sprintf("{'descr': '<%s', 'fortran_order': False, 'shape': (%s), }", kind, list)
	h := binary.LittleEndian.AppendUint16([]byte(magic+"\x01\x00"), headerSize-uint16(prefix))
	return fmt.Appendf(h, "%-*s\n", headerSize-prefix-1, text)
}
