// Package half converts IEEE 754 half-precision numbers: 1 bit of sign, 5 of exponent with bias 15, 10 of fraction.
// It knows no file format.
package half

import (
	"encoding/binary"
	"math"
	"unsafe"
)

//go:generate go -C gen run . -pkg half -out ../slices_amd64.s -stubs ../stubs_amd64.go

// Largest is the largest half. Numbers from End on, half-way to what would be the next half, become infinite.
const Largest, End = 65504, 65520

// Float32 returns the number with the bits h. Every half is a float32, so nothing is rounded; NaNs keep their
// fraction and become quiet.
func Float32(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&31, uint32(h)&1023
	switch {
	case exponent == 0: // zero and the subnormal numbers
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case exponent == 31 && fraction != 0: // NaN
		return math.Float32frombits(sign | 255<<23 | 1<<22 | fraction<<13)
	case exponent == 31:
		return math.Float32frombits(sign | 255<<23)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// Of returns the bits of the half nearest to f, of two as near the even one. What is too large becomes infinite; a NaN keeps the
// first bits of its fraction and becomes quiet.
func Of(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	switch v := math.Abs(float64(f)); {
	case f != f:
		return sign | 0x7e00 | uint16(bits>>13&0x3ff)
	case v >= End:
		return sign | 0x7c00
	case v < 0x1p-14: // the subnormal numbers are multiples of 2⁻²⁴; rounding may reach the first normal one
		return sign | uint16(math.RoundToEven(v*0x1p24))
	}
	magnitude := bits & 0x7fffffff
	magnitude += 0xfff + magnitude>>13&1 // rounds the 13 bits that are dropped
	return sign | uint16((magnitude-112<<23)>>13)
}

// Encode writes [Of] each number of src to dst, which must be as long.
func Encode(dst []uint16, src []float32) {
	dst = dst[:len(src)]
	n := encodeNative(dst, src)
	encodePlain(dst[n:], src[n:])
}

// Decode writes the number of each half of src to dst, which must be as long.
func Decode(dst []float32, src []uint16) {
	dst = dst[:len(src)]
	n := decodeNative(dst, src)
	decodePlain(dst[n:], src[n:])
}

// Round replaces each number by the nearest half.
func Round(values []float32) {
	var buf [1024]uint16
	for len(values) > 0 {
		n := min(len(buf), len(values))
		Encode(buf[:n], values[:n])
		Decode(values[:n], buf[:n])
		values = values[n:]
	}
}

// Bytes returns the bytes of halves in the order of the machine, without a copy.
func Bytes(halves []uint16) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(halves))), 2*len(halves))
}

// ToLittleEndian changes the order of the bytes of halves from that of the machine to that of files, or back.
func ToLittleEndian(halves []uint16) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return
	}
	for i, h := range halves {
		halves[i] = h<<8 | h>>8
	}
}

func encodePlain(dst []uint16, src []float32) {
	for i, f := range src {
		dst[i] = Of(f)
	}
}

func decodePlain(dst []float32, src []uint16) {
	for i, h := range src {
		dst[i] = Float32(h)
	}
}
