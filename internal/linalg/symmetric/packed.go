package symmetric

import "slices"

// packed holds vectors of one length, depth, in groups of width: element k of vector v lies at
// data[v/width*depth*width + k*width + v%width]. The kernel reads a group from start to end.
type packed[F float32 | float64] struct {
	width, depth int
	data         []F
}

// resize makes room for a number of vectors. What is read beyond the last vector is zero or left over; it reaches no
// element that counts.
func (p *packed[F]) resize(vectors, depth int) {
	n := ceilDiv(vectors, p.width) * p.width * depth
	p.depth = depth
	p.data = slices.Grow(p.data[:0], n)[:n]
}

// group returns the group of that number from element k0 on.
func (p *packed[F]) group(number, k0 int) []F {
	return p.data[(number*p.depth+k0)*p.width:]
}

// put stores scale times a vector.
func (p *packed[F]) put(vector int, values []F, scale F) {
	group, at := p.group(vector/p.width, 0), vector%p.width
	for k, v := range values {
		group[k*p.width+at] = scale * v
	}
}

// putAcross stores element k of len(values) vectors that follow each other from first on.
func (p *packed[F]) putAcross(k, first int, values []F) {
	for len(values) > 0 {
		at := first % p.width
		n := copy(p.group(first/p.width, k)[at:p.width], values)
		values, first = values[n:], first+n
	}
}
