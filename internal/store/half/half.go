// Package half converts IEEE 754 half-precision numbers: 1 bit of sign, 5 of exponent with bias 15, 10 of fraction.
// It knows no file format.
package half

import "math"

// Float32 returns the number with the bits h. Every half is a float32, so nothing is rounded; NaNs keep their
// fraction.
func Float32(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero and the subnormal numbers
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31: // infinity and NaN
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// Of returns the bits of the half nearest to f, of two as near the even one. What is too large becomes infinite.
func Of(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	switch v := math.Abs(float64(f)); {
	case f != f:
		return sign | 0x7e00
	case v >= 65520: // half-way between the largest half and the next number that there would be
		return sign | 0x7c00
	case v < 0x1p-14: // the subnormal numbers are multiples of 2⁻²⁴; rounding may reach the first normal one
		return sign | uint16(math.RoundToEven(v*0x1p24))
	}
	magnitude := bits & 0x7fffffff
	magnitude += 0xfff + magnitude>>13&1 // rounds the 13 bits that are dropped
	return sign | uint16((magnitude-112<<23)>>13)
}
