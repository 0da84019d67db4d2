package imagefile

// chromaRows holds rows of samples at full width, and what they are computed from.
type chromaRows struct {
	planes [4][]uint8
	column []int32 // vertically weighted samples of one row
}

// resize makes room for rows of w pixels; the contents are undefined.
func (c *chromaRows) resize(w int) {
	if cap(c.column) < w+1 { // one more: samples are written in pairs
		for i := range c.planes {
			c.planes[i] = make([]uint8, w+1)
		}
		c.column = make([]int32, w+1)
	}
	for i := range c.planes {
		c.planes[i] = c.planes[i][:w+1]
	}
	c.column = c.column[:w+1]
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

// widenBetween does both, with weights 9, 3, 3 and 1 of 16 and one rounding.
func (c *chromaRows) widenBetween(dst, near, far []uint8) {
	column := c.column[:len(near)]
	far = far[:len(near)]
	for i, v := range near {
		column[i] = 3*int32(v) + int32(far[i])
	}
	last := len(column) - 1
	dst[0] = uint8((4*column[0] + 8) >> 4)
	out := dst[1:]
	a := column[0]
	for _, b := range column[1:] {
		pair := out[:2]
		pair[0] = uint8((3*a + b + 7) >> 4)
		pair[1] = uint8((3*b + a + 8) >> 4)
		out = out[2:]
		a = b
	}
	if len(out) > 0 {
		out[0] = uint8((4*column[last] + 7) >> 4)
	}
}

// rowOfJFIF converts a row to RGB with libjpeg's fixed-point coefficients:
//
//	R = Y + 1.402 Cr,  G = Y − 0.34414 Cb − 0.71414 Cr,  B = Y + 1.772 Cb,  chroma counted from 128.
func rowOfJFIF(dst []byte, luma, cb, cr []uint8) {
	const half = 1 << 15
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	dst = dst[:4*len(luma)]
	for x, l := range luma {
		y, u, v := int32(l), int32(cb[x])-128, int32(cr[x])-128
		r := y + (91881*v+half)>>16
		g := y + (-22554*u-46802*v+half)>>16
		b := y + (116130*u+half)>>16
		*(*[4]byte)(dst[4*x:]) = [4]byte{clamp(r), clamp(g), clamp(b), 255}
	}
}

func clamp(v int32) uint8 {
	if uint32(v) > 255 {
		v = ^(v >> 31) & 255
	}
	return uint8(v)
}
