package depth

import (
	"bytes"
	"testing"
)

func TestReduce(t *testing.T) {
	samples := []byte{0x00, 0x00, 0x00, 0xff, 0x08, 0x00, 0x0f, 0xff, 0x10, 0x00, 0xff, 0xff} // big-endian
	swapped := bytes.Clone(samples)
	for i := 0; i < len(swapped); i += 2 {
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
	}
	for white, want := range map[int][]byte{
		0:     {0, 0, 8, 15, 16, 255},
		65535: {0, 1, 8, 16, 16, 255},
		4095:  {0, 16, 128, 255, 255, 255},
		255:   {0, 255, 255, 255, 255, 255},
	} {
		r := Reducer{White: white}
		for high, src := range [][]byte{samples, swapped} {
			got := make([]byte, len(want))
			r.Largest = 0
			r.Reduce(got, src, 1, 1, high)
			if !bytes.Equal(got, want) || r.Largest != 65535 {
				t.Errorf("white %d, high byte at %d: %v, largest %d, want %v", white, high, got, r.Largest, want)
			}
		}
	}
}

func TestLargestWithoutAlpha(t *testing.T) {
	var r Reducer
	r.Reduce(make([]byte, 4), []byte{1, 2, 255, 255, 0, 9, 255, 255}, 2, 1, 0)
	if r.Largest != 0x102 {
		t.Errorf("the largest sample is %d", r.Largest)
	}
}

func TestUnpack(t *testing.T) {
	src := []byte{0b10_01_11_00, 0b01_000000}
	for bits, want := range map[int][]byte{
		1: {255, 0, 0, 255, 255},
		2: {170, 85, 255, 0, 85},
		4: {153, 204, 68},
	} {
		got := make([]byte, len(want))
		Unpack(got, src, bits, Full(bits))
		if !bytes.Equal(got, want) {
			t.Errorf("%d bits: %v, want %v", bits, got, want)
		}
	}
	got := make([]byte, 3)
	if Unpack(got, src, 2, 1); !bytes.Equal(got, []byte{2, 1, 3}) {
		t.Errorf("indices: %v", got)
	}
}
