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
