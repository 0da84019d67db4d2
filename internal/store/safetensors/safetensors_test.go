package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestReadReference(t *testing.T) {
	r, err := os.Open("testdata/reference.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Metadata["größe"]; got != `a "b" <c>` {
		t.Errorf("metadata is %q", got)
	}
	want := []float32{0, float32(math.Copysign(0, -1)), 1, -2.5, 65504, 0x1p-14, 0x1p-24, float32(math.Inf(1))}
	for name, shape := range map[string][]int{"double": {8}, "single": {8}, "half": {2, 4}} {
		got, ok := f.Tensor(name)
		if !ok || !reflect.DeepEqual(got.Shape, shape) {
			t.Errorf("%s: shape %v, want %v", name, got.Shape, shape)
			continue
		}
		for i, v := range got.Data {
			if math.Float32bits(v) != math.Float32bits(want[i]) {
				t.Errorf("%s[%d] is %g, want %g", name, i, v, want[i])
			}
		}
	}
	if empty, ok := f.Tensor("empty"); !ok || len(empty.Data) != 0 || !reflect.DeepEqual(empty.Shape, []int{0, 3}) {
		t.Errorf("empty: %v", empty)
	}
	if _, ok := f.Tensor("none"); ok {
		t.Error("found a tensor that isn't there")
	}
}

func sample() *File {
	return &File{
		Metadata: map[string]string{"b": "<2>", "a": `"1"`},
		Tensors: []Tensor{
			{Name: "weight", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
			{Name: "none", Shape: []int{0}, Data: []float32{}},
			{Name: "scalar", Shape: []int{}, Data: []float32{7}},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	for name, f := range map[string]*File{
		"sample": sample(),
		"empty":  {Metadata: map[string]string{}},
		"long":   {Metadata: map[string]string{}, Tensors: []Tensor{{Name: "x", Shape: []int{70000}, Data: make([]float32, 70000)}}},
	} {
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			if err := Write(&first, f); err != nil {
				t.Fatal(err)
			}
			if err := Write(&second, f); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Errorf("a second write gives other bytes (%v)", err)
			}
			if n := binary.LittleEndian.Uint64(first.Bytes()); n%8 != 0 {
				t.Errorf("the header has %d bytes; data would not be aligned", n)
			}
			got, err := Read(&first)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, f) {
				t.Errorf("got %+v, want %+v", got, f)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	one := Tensor{Name: "x", Shape: []int{1}, Data: []float32{1}}
	for name, f := range map[string]*File{
		"shape":    {Tensors: []Tensor{{Name: "x", Shape: []int{2}, Data: []float32{1}}}},
		"twice":    {Tensors: []Tensor{one, one}},
		"reserved": {Tensors: []Tensor{{Name: "__metadata__", Shape: []int{0}}}},
		"utf8":     {Metadata: map[string]string{"a": "\xff"}},
	} {
		if err := Write(io.Discard, f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	want := errors.New("disk full")
	if err := Write(failing{want}, sample()); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// raw builds a file from a header and a number of data bytes.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

var malformedFiles = map[string]struct {
	file []byte
	want string
}{
	"nothing":         {nil, "EOF"},
	"short length":    {[]byte{1, 2}, "EOF"},
	"long header":     {[]byte{0, 0, 0, 0, 0, 0, 0, 1}, "the limit is"},
	"cut header":      {raw("{}", 0)[:9], "EOF"},
	"no object":       {raw("[]", 0), "JSON object"},
	"not utf8":        {raw("{\"\xff\":1}", 0), "UTF-8"},
	"open object":     {raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}`, 4), "header"},
	"text after":      {raw(`{} x`, 0), "after the header"},
	"metadata number": {raw(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
	"unknown field":   {raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}`, 4), "unknown field"},
	"three offsets":   {raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4,4]}}`, 4), "two numbers"},
	"twice":           {raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`, 8), "twice"},
	"type":            {raw(`{"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 8), "I64"},
	"gap":             {raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`, 8), "don't fit"},
	"size":            {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "don't fit"},
	"negative":        {raw(`{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, 4), "don't fit"},
	"overflow":        {raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`, 0), "don't fit"},
	"huge":            {raw(`{"a":{"dtype":"F32","shape":[4294967295],"data_offsets":[0,17179869180]}}`, 0), "don't fit"},
	"cut data":        {raw(`{"a":{"dtype":"F32","shape":[1000],"data_offsets":[0,4000]}}`, 3999), "EOF"},
	"data after":      {raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 5), "after the last"},
}

func TestReadRefuses(t *testing.T) {
	for name, c := range malformedFiles {
		t.Run(name, func(t *testing.T) {
			_, err := Read(bytes.NewReader(c.file))
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ErrFormat with %q", err, c.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for _, c := range malformedFiles {
		f.Add(c.file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		// What was read can be written, and reading that again gives the same bytes.
		var first, second bytes.Buffer
		if err := Write(&first, got); err != nil {
			t.Fatalf("a file that was read can't be written: %v", err)
		}
		again, err := Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(&second, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("a second round gives other bytes (%v)", err)
		}
	})
}
