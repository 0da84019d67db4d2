package loss

import "math"

// Softmax spends most of its time in exp: math.Exp, called once a class, takes two thirds of the time of a small
// loss. expNegative is about three times as fast and has the same accuracy of about one unit in the last place.

const (
	expBits = 7 // log₂ of the table's length
	expSize = 1 << expBits
)

// expTable holds the bits of 2^(i/expSize).
var expTable = func() (table [expSize]uint64) {
	for i := range table {
		table[i] = math.Float64bits(math.Exp2(float64(i) / expSize))
	}
	return table
}()

// expNegative returns eˣ for x ≤ 0. With n the integer nearest to x·expSize/ln 2, eˣ = 2^(n/expSize) · eʳ, where
// |r| ≤ ln 2 / (2·expSize) is so small that five terms of eʳ − 1 suffice. Where the result is subnormal, or x isn't
// a number below zero, it calls math.Exp.
func expNegative(x float64) float64 {
	if !(x > -708) || x > 0 {
		return math.Exp(x)
	}
	const (
		round = 3 << 51 // adding it leaves the nearest integer in the low bits
		step  = math.Ln2 / expSize
		// The step in two parts: n times the first is exact, as it has 33 bits and n 17.
		stepHigh = 0x1.62e42fefap-8
		stepLow  = step - stepHigh
	)
	shifted := x*(1/step) + round
	n := int64(math.Float64bits(shifted)<<12) >> 12
	nf := shifted - round
	r := (x - nf*stepHigh) - nf*stepLow
	tail := r + r*r*(1./2+r*(1./6+r*(1./24+r*(1./120))))
	scale := math.Float64frombits(expTable[n&(expSize-1)] + uint64(n>>expBits)<<52)
	return scale + scale*tail
}
