package resample

import "math"

// Weights are fixed-point numbers: a sum of 8-bit levels times weights needs 8 bits before the point, and with
// a cubic's overshoot and the sign two more.
const (
	precision = 32 - 8 - 2
	half      = 1 << (precision - 1)
)

// A span says what an axis computes: the places first to end of out, from in samples.
type span struct {
	in, out    int
	first, end int
	filter     Filter
}

// An axis holds, for each place of the result along one direction, the samples that it is made from and their
// weights. Photos of one camera have one size, so the tables usually serve the next picture as well.
type axis struct {
	span    span
	starts  []int
	ends    []int // of the weights in the table: place i has weights[i·taps : i·taps + count]
	width   int
	weights []int32
	exact   []float64
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
	a.width = 2*int(math.Ceil(reach)) + 1
	n := s.end - s.first
	a.starts, a.ends = grow(a.starts, n), grow(a.ends, n)
	a.weights, a.exact = grow(a.weights, n*a.width), grow(a.exact, a.width)
	for i := range n {
		centre := (float64(s.first+i) + 0.5) * scale
		start := max(int(centre-reach+0.5), 0)
		end := min(int(centre+reach+0.5), s.in)
		sum := 0.0
		for k := range end - start {
			a.exact[k] = s.filter.at((float64(start+k) - centre + 0.5) * squeeze)
			sum += a.exact[k]
		}
		for k, w := range a.exact[:end-start] {
			a.weights[i*a.width+k] = int32(math.Round(w / sum * (1 << precision)))
		}
		a.starts[i], a.ends[i] = start, i*a.width+end-start
	}
}

// taps returns the first sample of place i, counted from the span's first, and the weights of it and the ones after.
func (a *axis) taps(i int) (first int, weights []int32) {
	return a.starts[i], a.weights[i*a.width : a.ends[i]]
}

// len returns the number of places.
func (a *axis) len() int { return len(a.starts) }

// reach returns the range of samples that any place needs.
func (a *axis) reach() (first, end int) {
	last := len(a.starts) - 1
	_, weights := a.taps(last)
	return a.starts[0], a.starts[last] + len(weights)
}

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
