package half

import (
	"encoding/binary"
	"math"
	"testing"
)

// TestSlicesAgree decodes all halves, and encodes numbers beside each of them, as single numbers are.
func TestSlicesAgree(t *testing.T) {
	halves := make([]uint16, 1<<16)
	for i := range halves {
		halves[i] = uint16(i)
	}
	numbers := make([]float32, len(halves))
	Decode(numbers, halves)
	for i, h := range halves {
		if got, want := math.Float32bits(numbers[i]), math.Float32bits(Float32(h)); got != want {
			t.Fatalf("half %#04x is %#08x, alone %#08x", h, got, want)
		}
	}
	for _, step := range []int32{-0x1000, -0xfff, -1, 0, 1, 0xfff, 0x1000, 0x1001} { // up to half the distance of two halves
		near := make([]float32, len(numbers))
		for i, f := range numbers {
			near[i] = math.Float32frombits(math.Float32bits(f) + uint32(step))
		}
		checkEncode(t, near)
	}
}

func checkEncode(t *testing.T, numbers []float32) {
	t.Helper()
	got := make([]uint16, len(numbers))
	Encode(got, numbers)
	for i, f := range numbers {
		if want := Of(f); got[i] != want {
			t.Fatalf("%g (%#08x) became %#04x, alone %#04x", f, math.Float32bits(f), got[i], want)
		}
	}
}

// TestRound rounds slices of many lengths in place, and nothing beside them.
func TestRound(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 1023, 1024, 1025, 2050} {
		all := make([]float32, n+1)
		for i := range all {
			all[i] = 1.0001 * float32(i)
		}
		Round(all[:n])
		for i, f := range all[:n] {
			if want := Float32(Of(1.0001 * float32(i))); f != want {
				t.Fatalf("number %d of %d became %g, want %g", i, n, f, want)
			}
		}
		if want := 1.0001 * float32(n); all[n] != want {
			t.Fatalf("the number after %d became %g, want %g", n, all[n], want)
		}
	}
}

// FuzzSlices compares slices of any bytes with single numbers.
func FuzzSlices(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x7f, 1, 0, 0x80, 0x7f, 0xff, 0xff, 0xff, 0xff})
	f.Add(make([]byte, 4*17))
	f.Fuzz(func(t *testing.T, data []byte) {
		numbers := make([]float32, len(data)/4)
		for i := range numbers {
			numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		checkEncode(t, numbers)
		halves := make([]uint16, len(data)/2)
		for i := range halves {
			halves[i] = binary.LittleEndian.Uint16(data[2*i:])
		}
		got := make([]float32, len(halves))
		Decode(got, halves)
		for i, h := range halves {
			if math.Float32bits(got[i]) != math.Float32bits(Float32(h)) {
				t.Fatalf("half %#04x is %g, alone %g", h, got[i], Float32(h))
			}
		}
	})
}

// The width of the default features of the embedded network.
const benchCols = 11520

func BenchmarkEncode(b *testing.B) {
	src, dst := make([]float32, benchCols), make([]uint16, benchCols)
	for i := range src {
		src[i] = float32(i) / 100
	}
	b.SetBytes(4 * benchCols)
	for b.Loop() {
		Encode(dst, src)
	}
}

func BenchmarkEncodePlain(b *testing.B) {
	src, dst := make([]float32, benchCols), make([]uint16, benchCols)
	for i := range src {
		src[i] = float32(i) / 100
	}
	b.SetBytes(4 * benchCols)
	for b.Loop() {
		encodePlain(dst, src)
	}
}

func BenchmarkDecode(b *testing.B) {
	src, dst := make([]uint16, benchCols), make([]float32, benchCols)
	b.SetBytes(4 * benchCols)
	for b.Loop() {
		Decode(dst, src)
	}
}

func BenchmarkDecodePlain(b *testing.B) {
	src, dst := make([]uint16, benchCols), make([]float32, benchCols)
	b.SetBytes(4 * benchCols)
	for b.Loop() {
		decodePlain(dst, src)
	}
}
