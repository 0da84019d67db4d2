package invalid

import (
	"math"
	"strconv"
)

// A Range is the values that a number may have.
type Range struct {
	Low, High         float64
	LowOpen, HighOpen bool // the bound itself is outside
}

// unmentioned is the size of bounds that String leaves out: they only keep products finite.
const unmentioned = 1e9

// Contains reports whether v is in the range. NaN is in none.
func (r Range) Contains(v float64) bool {
	return (v > r.Low || v == r.Low && !r.LowOpen) && (v < r.High || v == r.High && !r.HighOpen)
}

// String describes the range: "a number above 0", "1 or more", "0 to 65536", "0 or more and below 1".
func (r Range) String() string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	low, high := math.Abs(r.Low) < unmentioned, math.Abs(r.High) < unmentioned
	switch {
	case !low && !high:
		return "a number"
	case !high && r.LowOpen:
		return "a number above " + number(r.Low)
	case !high:
		return number(r.Low) + " or more"
	case !r.LowOpen && !r.HighOpen:
		return number(r.Low) + " to " + number(r.High)
	}
	text := number(r.Low) + " or more and "
	if r.LowOpen {
		text = "above " + number(r.Low) + " and "
	}
	if r.HighOpen {
		return text + "below " + number(r.High)
	}
	return text + "at most " + number(r.High)
}
