// Package axis finds the round numbers along the axis of a plot. It draws nothing.
package axis

import "math"

// Ticks returns round numbers, at least two and about as many as most, from at or below low to at or above high. The
// steps are 1, 2 or 5 times a power of ten. Low and high are finite and low isn't above high.
func Ticks(low, high float64, most int) []float64 {
	atLeast := max((high-low)/float64(most), 1e-6*math.Abs(high), 1e-9)
	step := math.Pow(10, math.Ceil(math.Log10(atLeast)))
	for _, finer := range []float64{5, 2} {
		if step/finer >= atLeast {
			step /= finer
			break
		}
	}
	var ticks []float64
	for k := math.Floor(low / step); ; k++ {
		ticks = append(ticks, k*step)
		if len(ticks) > 1 && k*step >= high {
			return ticks
		}
	}
}
