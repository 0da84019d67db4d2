package png

import (
	"bytes"
	"testing"
)

func TestNearest(t *testing.T) {
	distance := func(a, b int) int { return max(a-b, b-a) }
	for left := range 256 {
		for up := range 256 {
			for corner := range 256 {
				estimate := left + up - corner
				want := left
				if distance(up, estimate) < distance(want, estimate) {
					want = up
				}
				if distance(corner, estimate) < distance(want, estimate) {
					want = corner
				}
				if got := nearest(left, up, corner); got != want {
					t.Fatalf("nearest(%d, %d, %d) = %d, want %d", left, up, corner, got, want)
				}
			}
		}
	}
}

func FuzzPaeth3(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add([]byte{1, 2, 3, 250, 251, 252, 7, 8, 9}, []byte{9, 0, 255, 255, 0, 9, 1, 1, 1})
	f.Fuzz(func(t *testing.T, row, above []byte) {
		n := min(len(row), len(above)) / 3 * 3
		fast, plain := bytes.Clone(row[:n]), bytes.Clone(row[:n])
		paeth3(fast, above[:n])
		paeth(plain, above[:n], 3)
		if !bytes.Equal(fast, plain) {
			t.Fatalf("paeth3 gives %v, paeth %v", fast, plain)
		}
	})
}
