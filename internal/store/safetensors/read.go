package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"finetune/internal/store/half"
)

// Read reads one file to its end. Tensors of type F16, BF16, F32 and F64 are converted to float32; other types,
// gaps, overlaps, duplicate names and bytes after the last tensor are errors that wrap ErrFormat. Memory grows with
// the bytes that really come, not with what the header claims.
func Read(r io.Reader) (*File, error) {
	var length [8]byte
	if err := readFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n < 2 || n > MaxHeader {
		return nil, malformed("the header is said to have %d bytes; the limit is %d", n, MaxHeader)
	}
	raw, err := readBytes(r, int64(n))
	if err != nil {
		return nil, err
	}
	f, parts, err := parseHeader(raw)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		data, err := readTensor(r, p)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", p.name, err)
		}
		f.Tensors = append(f.Tensors, Tensor{Name: p.name, Shape: p.shape(), Data: data})
	}
	if err := readFull(r, length[:1]); !errors.Is(err, io.ErrUnexpectedEOF) {
		if err != nil {
			return nil, err
		}
		return nil, malformed("there are bytes after the last tensor")
	}
	return f, nil
}

// A part is a tensor of the header.
type part struct {
	name string
	header
}

func (p part) shape() []int {
	shape := make([]int, len(p.Shape))
	for i, d := range p.Shape {
		shape[i] = int(d)
	}
	return shape
}

// parseHeader returns the metadata and the tensors in the order of their bytes, all checked.
func parseHeader(raw []byte) (*File, []part, error) {
	if raw[0] != '{' || !utf8.Valid(raw) {
		return nil, nil, malformed("the header isn't a JSON object in UTF-8")
	}
	f := &File{Metadata: map[string]string{}}
	var parts []part
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	seen := map[string]bool{}
	if _, err := d.Token(); err != nil {
		return nil, nil, malformed("header: %v", err)
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, nil, malformed("header: %v", err)
		}
		name := token.(string) // the decoder allows nothing else where a key stands
		if seen[name] {
			return nil, nil, malformed("header: %q stands there twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			err = d.Decode(&f.Metadata)
		} else {
			p := part{name: name}
			err = d.Decode(&p.header)
			if err == nil && len(p.Offsets) != 2 {
				err = errors.New("data_offsets must be two numbers")
			}
			parts = append(parts, p)
		}
		if err != nil {
			return nil, nil, malformed("header: %q: %v", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, malformed("header: %v", err)
	}
	if len(bytes.Trim(raw[d.InputOffset():], " ")) > 0 {
		return nil, nil, malformed("there is text after the header's object")
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		// An empty tensor starts where the next one does and comes before it.
		return slices.Compare(a.Offsets, b.Offsets)
	})
	var at int64
	for _, p := range parts {
		size, known := sizes[p.DType]
		n, ok := elements(p.Shape)
		switch {
		case !known:
			return nil, nil, malformed("tensor %q has type %q; F16, BF16, F32 and F64 can be read", p.name, p.DType)
		case !ok || p.Offsets[0] != at || p.Offsets[1]-at != n*size || p.Offsets[1] > MaxData:
			return nil, nil, malformed("tensor %q: shape %v and bytes %v don't fit", p.name, p.Shape, p.Offsets)
		}
		at = p.Offsets[1]
	}
	return f, parts, nil
}

// sizes holds the bytes of an element of each type that can be read.
var sizes = map[string]int64{"F16": 2, "BF16": 2, "F32": 4, "F64": 8}

func readTensor(r io.Reader, p part) ([]float32, error) {
	raw, err := readBytes(r, p.Offsets[1]-p.Offsets[0])
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(raw)/int(sizes[p.DType]))
	for i := range out {
		switch p.DType {
		case "F16":
			out[i] = half.Float32(binary.LittleEndian.Uint16(raw[2*i:]))
		case "BF16":
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		case "F32":
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case "F64":
			out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	}
	return out, nil
}

// readBytes reads n bytes, growing as they come.
func readBytes(r io.Reader, n int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(n, 1<<20)))
	got, err := io.Copy(&b, io.LimitReader(r, n))
	if err == nil && got < n {
		err = truncated()
	}
	return b.Bytes(), err
}

func readFull(r io.Reader, buf []byte) error {
	_, err := io.ReadFull(r, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return truncated()
	}
	return err
}

func truncated() error {
	return fmt.Errorf("%w: %w", ErrFormat, io.ErrUnexpectedEOF)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrFormat}, args...)...)
}
