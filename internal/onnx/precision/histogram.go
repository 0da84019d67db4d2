package precision

import "math"

// bins is the number of bins of a Histogram, half of them below zero.
const bins = 4096

// A Histogram counts the numbers of a tensor. Its bins reach as far as its numbers: their width doubles when one lies
// outside, so that the counts don't depend on the order of the numbers. The zero value is empty.
type Histogram struct {
	low, high float32
	counts    []int64
	reach     float64 // the bins go from −reach to reach
	bad       bool    // a number wasn't finite
}

// mostCounted bounds the numbers of one call that are counted; low and high are taken over all.
const mostCounted = 1 << 15

// Add counts numbers: the least and the largest of all of them, and the others as a sample of at most 32,768.
func (h *Histogram) Add(values []float32) {
	if len(values) == 0 {
		return
	}
	low, high, nothing := values[0], values[0], float32(0)
	for _, v := range values {
		nothing += v - v // NaN from the first number on that isn't finite
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	if nothing != 0 || infinite(nothing) {
		h.bad = true
		return
	}
	if h.counts == nil {
		h.counts, h.reach = make([]int64, bins), 0x1p-30
		h.low, h.high = low, high
	}
	h.low, h.high = min(h.low, low), max(h.high, high)
	for most := math.Max(float64(h.high), -float64(h.low)); most >= h.reach; {
		h.double()
	}
	step := (len(values) + mostCounted - 1) / mostCounted
	if step%2 == 0 {
		step++ // so that a sample doesn't keep to one column of a map
	}
	width := bins / 2 / h.reach
	for i := 0; i < len(values); i += step {
		h.counts[int(float64(values[i])*width+bins/2)]++
	}
}

// double makes the bins twice as wide.
func (h *Histogram) double() {
	wider := make([]int64, bins)
	for i, c := range h.counts {
		wider[(i+bins/2)/2] += c
	}
	h.counts, h.reach = wider, 2*h.reach
}

// Merge adds the counts of o.
func (h *Histogram) Merge(o *Histogram) {
	h.bad = h.bad || o.bad
	if o.counts == nil {
		return
	}
	if h.counts == nil {
		h.low, h.high, h.reach, h.counts = o.low, o.high, o.reach, append([]int64(nil), o.counts...)
		return
	}
	other := *o
	for h.reach < other.reach {
		h.double()
	}
	for other.reach < h.reach {
		other.double()
	}
	h.low, h.high = min(h.low, o.low), max(h.high, o.high)
	for i, c := range other.counts {
		h.counts[i] += c
	}
}

// A Method chooses a range from a histogram. Not ok means that there is none: nothing was counted, or numbers that
// aren't finite.
type Method func(h *Histogram) (r Range, ok bool)

// MinMax is the range of all numbers.
func MinMax(h *Histogram) (Range, bool) {
	return Range{h.low, h.high}, h.counts != nil && !h.bad
}

// Percentile returns the method that leaves out a share of the numbers at each end that isn't zero.
func Percentile(outside float64) Method {
	return func(h *Histogram) (Range, bool) {
		r, ok := MinMax(h)
		if !ok {
			return r, false
		}
		total := int64(0)
		for _, c := range h.counts {
			total += c
		}
		left := int64(outside * float64(total))
		width := h.reach / (bins / 2)
		sum := int64(0)
		for i := 0; i < bins/2; i++ {
			if sum += h.counts[i]; sum > left {
				r.Low = max(r.Low, float32(float64(i-bins/2)*width))
				break
			}
		}
		sum = 0
		for i := bins - 1; i >= bins/2; i-- {
			if sum += h.counts[i]; sum > left {
				r.High = min(r.High, float32(float64(i+1-bins/2)*width))
				break
			}
		}
		return r, true
	}
}

// LeastError is the range with the least mean squared error of rounding and cutting off.
func LeastError(h *Histogram) (Range, bool) {
	full, ok := MinMax(h)
	if !ok {
		return full, false
	}
	best, least := full, h.rounding(full)
	for share := 0.95; share > 0.1; share -= 0.05 {
		r := Range{full.Low, full.High * float32(share)}
		if full.High <= -full.Low { // cut the longer end off, both where they are alike
			r = Range{full.Low * float32(share), full.High}
		}
		if ratio := -full.Low / full.High; ratio > 0.5 && ratio < 2 {
			r = Range{full.Low * float32(share), full.High * float32(share)}
		}
		if e := h.rounding(r); e < least {
			best, least = r, e
		}
	}
	return best, true
}

// rounding returns the sum of the squared errors of a range: a step squared by 12 inside, the distance outside.
func (h *Histogram) rounding(r Range) (sum float64) {
	l, ok := levelOf(r)
	if !ok {
		return math.Inf(1)
	}
	low := float64(l.scale) * -float64(l.zero)
	high := float64(l.scale) * (255 - float64(l.zero))
	inside := float64(l.scale) * float64(l.scale) / 12
	width := h.reach / (bins / 2)
	for i, c := range h.counts {
		if c == 0 {
			continue
		}
		switch v := (float64(i-bins/2) + 0.5) * width; {
		case v < low-width/2:
			sum += float64(c) * (low - v) * (low - v)
		case v > high+width/2:
			sum += float64(c) * (v - high) * (v - high)
		default:
			sum += float64(c) * inside
		}
	}
	return sum
}
