package npy

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestWriteArray(t *testing.T) {
	for _, c := range []struct {
		shape []int
		text  string // as NumPy writes it
	}{
		{[]int{3}, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"},
		{[]int{2, 3}, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"},
		{[]int{2, 1, 3}, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3), }"},
	} {
		n := 1
		for _, d := range c.shape {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i) - 0.5
		}
		var b bytes.Buffer
		if err := WriteArray(&b, c.shape, data); err != nil {
			t.Fatal(err)
		}
		file := b.Bytes()
		if got := strings.TrimRight(string(file[10:headerSize]), " \n"); got != c.text || len(file) != headerSize+4*n {
			t.Errorf("%v: %d bytes, header %q, want %q", c.shape, len(file), got, c.text)
		}
		if len(c.shape) == 2 {
			h, back, err := Read(&b)
			if err != nil || h.Rows != 2 || h.Cols != 3 || !slices.Equal(back, data) {
				t.Errorf("%+v, %v, %v", h, back, err)
			}
		}
	}
	for _, shape := range [][]int{nil, {4}, {1, 1, 1, 1, 3}} {
		if err := WriteArray(new(bytes.Buffer), shape, make([]float32, 3)); err == nil {
			t.Errorf("shape %v for 3 elements: no error", shape)
		}
	}
}
