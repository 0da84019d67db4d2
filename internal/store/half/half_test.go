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

// TestOf rounds numbers between neighbouring halves to the nearer one, and those in the middle to the even one.
func TestOf(t *testing.T) {
	for i := range 0x7c00 { // all finite positive halves
		h := uint16(i)
		a := Float32(h)
		if got := Of(a); got != h {
			t.Fatalf("half %#04x became %#04x", h, got)
		}
		if got := Of(-a); got != h|0x8000 {
			t.Fatalf("the negative of half %#04x became %#04x", h, got)
		}
		next, even := h+1, h+h&1
		b := 65536.0
		if next != 0x7c00 {
			b = float64(Float32(next))
		}
		middle := float32((float64(a) + b) / 2)
		for _, c := range []struct {
			f    float32
			want uint16
		}{{math.Nextafter32(middle, 0), h}, {middle, even}, {math.Nextafter32(middle, math.MaxFloat32), next}} {
			if got := Of(c.f); got != c.want {
				t.Fatalf("%g, beside half %#04x, became %#04x, want %#04x", c.f, h, got, c.want)
			}
		}
	}
	for f, want := range map[float32]uint16{float32(math.Inf(1)): 0x7c00, float32(math.Inf(-1)): 0xfc00, 1e30: 0x7c00, 1e-30: 0} {
		if got := Of(f); got != want {
			t.Errorf("%g became %#04x, want %#04x", f, got, want)
		}
	}
	if got := Float32(Of(float32(math.NaN()))); got == got {
		t.Errorf("NaN became %g", got)
	}
}
