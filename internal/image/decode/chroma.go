package decode

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

// between computes row y between two chroma rows of full width.
func between(dst, near, far []uint8, y int) {
	bias := int32(1 + y&1)
	for x, v := range near {
		dst[x] = uint8((3*int32(v) + int32(far[x]) + bias) >> 2)
	}
}
