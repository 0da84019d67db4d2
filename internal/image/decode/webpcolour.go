package decode

import (
	"image"

	"finetune/internal/image/pixel"
)

// webp reads rows of a lossy WebP as libwebp does. VP8 is always 4:2:0 and its luma spans 16 to 235, which the
// colour model of image.YCbCr doesn't express.
func (c *chromaRows) webp(m *image.YCbCr) rowReader {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	c.resize(w)
	cw, ch := (w+1)/2, (h+1)/2
	cb, cr := c.planes[1], c.planes[2]
	return func(dst []byte, y int) {
		// The chroma row that covers row y, and the one next to it on the other side.
		near := y / 2
		far := min(max(near-1+2*(y&1), 0), ch-1)
		near, far = near*m.CStride, far*m.CStride
		weigh(cb, m.Cb[near:near+cw], m.Cb[far:far+cw])
		weigh(cr, m.Cr[near:near+cw], m.Cr[far:far+cw])
		rowOfBT601(dst, m.Y[y*m.YStride:y*m.YStride+w], cb, cr)
	}
}

// weigh interpolates a row of w pixels from two chroma rows, with weights 9, 3, 3 and 1 of 16, rounding twice where libwebp
// does.
func weigh(dst, near, far []uint8) {
	last := len(near) - 1
	edge := func(i int) uint8 { return uint8((3*int32(near[i]) + int32(far[i]) + 2) >> 2) }
	dst[0] = edge(0)
	for i := range last {
		a, b := int32(near[i]), int32(near[i+1])
		fa, fb := int32(far[i]), int32(far[i+1])
		sum := a + b + fa + fb + 8
		dst[2*i+1] = uint8(((sum+2*(b+fa))>>3 + a) >> 1)
		dst[2*i+2] = uint8(((sum+2*(a+fb))>>3 + b) >> 1)
	}
	if i := 2*last + 1; i < len(dst) {
		dst[i] = edge(last)
	}
}

// rowOfBT601 converts a row to RGB with libwebp's coefficients, in units of 1/64 level:
//
//	R = 1.164 (Y − 16) + 1.596 V,  G = 1.164 (Y − 16) − 0.392 U − 0.813 V,  B = 1.164 (Y − 16) + 2.017 U,
//
// chroma counted from 128.
func rowOfBT601(dst []byte, luma, cb, cr []uint8) {
	for x, l := range luma {
		y, u, v := (int32(l)*19077)>>8, int32(cb[x]), int32(cr[x])
		r := y + (v*26149)>>8 - 14234
		g := y - (u*6419)>>8 - (v*13320)>>8 + 8708
		b := y + (u*33050)>>8 - 17685
		*(*[4]byte)(dst[4*x:]) = [4]byte{pixel.Clamp(r >> 6), pixel.Clamp(g >> 6), pixel.Clamp(b >> 6), 255}
	}
}
