package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// Write writes f as F32 tensors in their order, with sorted metadata. It refuses what Read would refuse.
func Write(w io.Writer, f *File) error {
	head, err := encodeHeader(f)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	buf := make([]byte, 0, 1<<15)
	for _, t := range f.Tensors {
		for _, v := range t.Data {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			if len(buf) == cap(buf) {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
	}
	_, err = w.Write(buf)
	return err
}

// encodeHeader returns the length and the JSON header, padded with spaces so that the data starts at a multiple of 8.
func encodeHeader(f *File) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	sep := "{"
	entry := func(key string, value any) error {
		b.WriteString(sep)
		sep = ","
		k, err := encodeJSON(key)
		if err != nil {
			return err
		}
		v, err := encodeJSON(value)
		if err != nil {
			return err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
		return nil
	}
	if len(f.Metadata) > 0 {
		for k, v := range f.Metadata {
			if !utf8.ValidString(k) || !utf8.ValidString(v) {
				return nil, fmt.Errorf("safetensors: metadata %q isn't UTF-8", k)
			}
		}
		if err := entry(metadataKey, f.Metadata); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{metadataKey: true}
	var offset int64
	for _, t := range f.Tensors {
		n, ok := elements(t.Shape)
		if !ok || n != int64(len(t.Data)) {
			return nil, fmt.Errorf("safetensors: tensor %q: %d values don't fit the shape %v", t.Name, len(t.Data), t.Shape)
		}
		if seen[t.Name] || !utf8.ValidString(t.Name) {
			return nil, fmt.Errorf("safetensors: tensor name %q is reserved, used twice or not UTF-8", t.Name)
		}
		seen[t.Name] = true
		h := header{DType: "F32", Shape: make([]int64, len(t.Shape)), Offsets: []int64{offset, offset + 4*n}}
		for i, d := range t.Shape {
			h.Shape[i] = int64(d)
		}
		offset += 4 * n
		if err := entry(t.Name, h); err != nil {
			return nil, err
		}
	}
	if sep == "{" {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > MaxHeader || offset > MaxData {
		return nil, fmt.Errorf("safetensors: header of %d bytes or data of %d bytes is over the limit", b.Len()-8, offset)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// encodeJSON is json.Marshal without the escapes for HTML.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
