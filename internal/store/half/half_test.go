package half

import (
	"math"
	"testing"
)

// TestFloat32 compares all halves with the formula of the standard.
func TestFloat32(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		exponent, fraction := int(h>>10&31), float64(h&1023)/1024
		want := math.Ldexp(1+fraction, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -14)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		got := float64(Float32(h))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != math.Signbit(want) {
			t.Fatalf("half %#04x is %g, want %g", h, got, want)
		}
	}
}

// TestFloat32KnownValues has the ends of each range of the format.
func TestFloat32KnownValues(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0x0001: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x3c00: 1, 0x3c01: 1 + 0x1p-10, 0x7bff: 65504,
		0x8001: -0x1p-24, 0xbc00: -1, 0xfc00: float32(math.Inf(-1)),
	} {
		if got := Float32(bits); got != want {
			t.Errorf("half %#04x is %g, want %g", bits, got, want)
		}
	}
}
