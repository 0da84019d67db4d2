package imagefile

// chromaRows holds rows of samples at full width.
type chromaRows struct {
	planes [4][]uint8
}

// resize makes room for rows of w pixels; the contents are undefined.
func (c *chromaRows) resize(w int) {
	for i := range c.planes {
		if cap(c.planes[i]) < w+1 { // one more: samples are written in pairs
			c.planes[i] = make([]uint8, w+1)
		}
		c.planes[i] = c.planes[i][:w+1]
	}
}

// widen doubles a row: each new sample is 3/4 of the one that covers it and 1/4 of its neighbour, rounded down
// on the left and up on the right, so that the rounding has no bias.
func widen(dst, src []uint8) {
	last := len(src) - 1
	dst[0] = src[0]
	for i := range last {
		a, b := int32(src[i]), int32(src[i+1])
		dst[2*i+1] = uint8((3*a + b + 2) >> 2)
		dst[2*i+2] = uint8((3*b + a + 1) >> 2)
	}
	if i := 2*last + 1; i < len(dst) {
		dst[i] = src[last]
	}
}

// between computes row y between two chroma rows of full width.
func between(dst, near, far []uint8, y int) {
	bias := int32(1 + y&1)
	for x, v := range near {
		dst[x] = uint8((3*int32(v) + int32(far[x]) + bias) >> 2)
	}
}
