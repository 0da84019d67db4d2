package resample

import (
	"math"
	"slices"

	"finetune/internal/image/pixel"
)

// A span is the part of an axis that is computed: the places first to end of out, from in samples.
type span struct {
	in, out    int
	first, end int
	mirrored   bool // place 0 is made from the last samples
	padded     bool // see pad
	filter     Filter
}

// An axis holds, for each place of the result along one direction, the samples that it is made from and their
// weights. Photos of one camera have one size, so the tables usually serve the next picture as well.
type axis struct {
	pixel.Taps
	span  span
	exact []float64
}

// prepare computes the tables for s unless they are there.
func (a *axis) prepare(s span) {
	if a.span == s {
		return
	}
	a.span = s
	scale := float64(s.in) / float64(s.out)
	stretch := max(scale, 1)
	squeeze := 1 / stretch
	reach := s.filter.halfWidth() * stretch
	a.Width = 2*int(math.Ceil(reach)) + 1 + together
	n := s.end - s.first
	a.Starts, a.Counts = grow(a.Starts, n), grow(a.Counts, n)
	a.Weights, a.exact = grow(a.Weights, n*a.Width), grow(a.exact, a.Width)
	a.First, a.End = s.in, 0
	for i := range n {
		centre := (float64(s.first+i) + 0.5) * scale
		start := max(int(centre-reach+0.5), 0)
		end := min(int(centre+reach+0.5), s.in)
		sum := 0.0
		for k := range end - start {
			a.exact[k] = s.filter.at((float64(start+k) - centre + 0.5) * squeeze)
			sum += a.exact[k]
		}
		weights := a.Weights[i*a.Width:][:a.Width]
		for k, w := range a.exact[:end-start] {
			weights[k] = int32(math.Round(w / sum * (1 << pixel.Precision)))
		}
		if s.mirrored {
			start, end = s.in-end, s.in-start
			slices.Reverse(weights[:end-start])
		}
		if s.padded {
			start, end = pad(weights, start, end, s.in)
		}
		a.Starts[i], a.Counts[i] = start, end-start
		a.First, a.End = min(a.First, start), max(a.End, end)
	}
}

// together is the number of samples that pixelkernel sums at a time.
const together = 4

// pad adds weights of 0, so that there are a multiple of together where the n samples suffice. All places having as many
// spares the processor wrong guesses at where they end.
func pad(weights []int32, start, end, n int) (int, int) {
	count := end - start
	padded := (count + together - 1) / together * together
	if padded > n {
		return start, end
	}
	before := max(start+padded-n, 0)
	copy(weights[before:], weights[:count])
	clear(weights[:before])
	clear(weights[before+count : padded])
	return start - before, start - before + padded
}

// taps returns the first sample of place i and the weights of it and the ones after.
func (a *axis) taps(i int) (first int, weights []int32) {
	return a.Starts[i], a.Weights[i*a.Width:][:a.Counts[i]]
}

// len returns the number of places.
func (a *axis) len() int { return len(a.Starts) }

func (f Filter) halfWidth() float64 {
	if f == Bicubic {
		return 2
	}
	return 1
}

// at returns the kernel's value at a distance of x samples.
func (f Filter) at(x float64) float64 {
	x = math.Abs(x)
	if f == Bilinear {
		return max(1-x, 0)
	}
	const a = -0.5
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((x-5)*x+8)*x*a - 4*a
	}
	return 0
}
