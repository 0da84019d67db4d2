package symmetric

import "slices"

// packed holds vectors of one length, depth, in groups of width: element k of vector v lies at
// data[v/width*depth*width + k*width + v%width]. The kernel reads a group from start to end.
type packed struct {
	width, depth int
	data         []float64
}

// resize makes room for a number of vectors. What is read beyond the last vector is zero or left over; it reaches no
// element that counts.
func (p *packed) resize(vectors, depth int) {
	n := ceilDiv(vectors, p.width) * p.width * depth
	p.depth = depth
	p.data = slices.Grow(p.data[:0], n)[:n]
}

// group returns the group of that number from element k0 on.
func (p *packed) group(number, k0 int) []float64 {
	return p.data[(number*p.depth+k0)*p.width:]
}

// put stores scale times a vector.
func (p *packed) put(vector int, values []float64, scale float64) {
	group, at := p.group(vector/p.width, 0), vector%p.width
	for k, v := range values {
		group[k*p.width+at] = scale * v
	}
}

// putAcross stores element k of len(values) vectors that follow each other from first on.
func (p *packed) putAcross(k, first int, values []float64) {
	for len(values) > 0 {
		at := first % p.width
		n := copy(p.group(first/p.width, k)[at:p.width], values)
		values, first = values[n:], first+n
	}
}
