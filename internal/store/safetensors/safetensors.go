// Package safetensors reads and writes the safetensors format: an eight-byte little-endian header length, a JSON
// header of names, types, shapes and offsets with string metadata, then the tensors' bytes without gaps
// (https://github.com/huggingface/safetensors#format).
//
// It is for small weight files: everything is held in memory as float32. The reader doesn't trust its input; the
// writer gives the same bytes for the same content. The package doesn't know what the names mean.
package safetensors

import "errors"

// Limits of the reader. They are far above any trained head and bound the memory that an untrusted file can take.
const (
	MaxHeader = 64 << 20 // bytes of the JSON header
	MaxData   = 4 << 30  // bytes of all tensors together
	MaxFile   = 8 + MaxHeader + MaxData
	maxRank   = 8
)

// ErrFormat is wrapped by every error about bytes that aren't a valid safetensors file. Other errors come from the
// reader underneath.
var ErrFormat = errors.New("not a valid safetensors file")

// metadataKey is the name that the format reserves for the metadata.
const metadataKey = "__metadata__"

// A Tensor is one named array in row-major order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32 // as many as the product of Shape, which is 1 for an empty one
}

// A File is the content of one file.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor // in the order of their bytes
}

// Tensor returns the tensor of that name.
func (f *File) Tensor(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// header is the JSON form of a tensor.
type header struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// elements is the number of elements of a shape; ok is false when it is negative, too deep or beyond MaxData bytes.
func elements[I int | int64](shape []I) (n int64, ok bool) {
	if len(shape) > maxRank {
		return 0, false
	}
	n = 1
	for _, d := range shape {
		d := int64(d)
		if d < 0 || d > 0 && n > MaxData/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}
