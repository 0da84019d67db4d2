// Package npy reads and writes matrices in NumPy's .npy format, version 1.0: float32, little-endian, C order, as
// numpy.load(path, mmap_mode="r") expects. It reads float16 and float64 matrices too and converts them to float32. It
// doesn't know what a matrix means, and must not import anything outside internal/store and invalid.
package npy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

const (
	magic = "\x93NUMPY"
	// maxHeader bounds the text of a header; NumPy's own has 128 bytes for a matrix.
	maxHeader   = 1 << 16
	maxElements = 1 << 40 // of a matrix
)

// A Header describes a matrix and where its data starts.
type Header struct {
	Rows, Cols int
	Kind       string // "f2", "f4" or "f8"
	Offset     int64  // of the first element, in bytes
}

func (h Header) width() int { return int(h.Kind[1] - '0') }

// Size is the length in bytes that a whole file with this header has.
func (h Header) Size() int64 { return h.Offset + int64(h.Rows)*int64(h.Cols)*int64(h.width()) }

var headerFields = regexp.MustCompile(`'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\([^)]*\))`)

// ReadHeader reads the header of a matrix from r, which is left at the first element.
func ReadHeader(r io.Reader) (Header, error) {
	var start [10]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:6]) != magic {
		return Header{}, fmt.Errorf("not a .npy file: it doesn't start with NumPy's magic bytes")
	}
	length, offset := int64(binary.LittleEndian.Uint16(start[8:])), int64(10)
	switch start[6] {
	case 1:
	case 2, 3:
		var more [2]byte
		if _, err := io.ReadFull(r, more[:]); err != nil {
			return Header{}, fmt.Errorf("not a whole .npy file: %w", err)
		}
		length |= int64(binary.LittleEndian.Uint16(more[:])) << 16
		offset = 12
	default:
		return Header{}, fmt.Errorf(".npy format version %d; expected 1, 2 or 3", start[6])
	}
	if length > maxHeader {
		return Header{}, fmt.Errorf("a .npy header of %d bytes; expected at most %d", length, maxHeader)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return Header{}, fmt.Errorf("not a whole .npy file: %w", err)
	}
	h, err := parseHeader(string(text))
	h.Offset = offset + length
	return h, err
}

func parseHeader(text string) (Header, error) {
	fields := map[string]string{}
	for _, m := range headerFields.FindAllStringSubmatch(text, -1) {
		fields[m[1]] = strings.Trim(m[2], "'")
	}
	kind := strings.TrimLeft(fields["descr"], "<=|")
	if kind != "f2" && kind != "f4" && kind != "f8" {
		return Header{}, fmt.Errorf("elements of type %q; expected little-endian floats, such as <f4", fields["descr"])
	}
	if fields["fortran_order"] != "False" {
		return Header{}, errors.New("a matrix in Fortran order; expected C order (numpy.ascontiguousarray)")
	}
	var dims []int
	for part := range strings.SplitSeq(strings.Trim(fields["shape"], "()"), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return Header{}, fmt.Errorf("shape %s; expected two whole numbers", fields["shape"])
		}
		dims = append(dims, n)
	}
	if len(dims) != 2 {
		return Header{}, fmt.Errorf("shape %s; expected a matrix (rows, columns)", fields["shape"])
	}
	if dims[1] == 0 {
		return Header{}, fmt.Errorf("shape %s; expected at least one column", fields["shape"])
	}
	if dims[0] > maxElements || dims[1] > maxElements || dims[0] > maxElements/dims[1] {
		return Header{}, fmt.Errorf("shape %s is larger than any matrix of features", fields["shape"])
	}
	return Header{Rows: dims[0], Cols: dims[1], Kind: kind}, nil
}

// Read reads a whole matrix from r into memory.
func Read(r io.Reader) (Header, []float32, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	h, err := ReadHeader(buffered)
	if err != nil {
		return h, nil, err
	}
	data, err := readElements(buffered, h)
	return h, data, err
}
