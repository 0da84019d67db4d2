package pixel

// Colours converts a row to RGB with libjpeg's fixed-point coefficients:
//
//	R = Y + 1.402 Cr,  G = Y − 0.34414 Cb − 0.71414 Cr,  B = Y + 1.772 Cb,  chroma counted from 128.
//
// dst takes four bytes for each of luma: R, G, B, 255.
func Colours(dst, luma, cb, cr []uint8) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	dst = dst[:4*len(luma)]
	n := coloursNative(dst, luma, cb, cr)
	coloursPlain(dst[4*n:], luma[n:], cb[n:], cr[n:])
}

func coloursPlain(dst, luma, cb, cr []uint8) {
	const half = 1 << 15
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for x, l := range luma {
		y, u, v := int32(l), int32(cb[x])-128, int32(cr[x])-128
		r := y + (91881*v+half)>>16
		g := y + (-22554*u-46802*v+half)>>16
		b := y + (116130*u+half)>>16
		*(*[4]byte)(dst[4*x:]) = [4]byte{Clamp(r), Clamp(g), Clamp(b), 255}
	}
}

// Widen makes a row of twice the width: each new sample is 3/4 of the one that covers it and 1/4 of its neighbour, rounded
// down on the left and up on the right, so that the rounding has no bias. dst has one sample less than twice the length of
// src, or as many.
func Widen(dst, src []uint8) {
	last := len(src) - 1
	dst[0] = src[0]
	if i := 2*last + 1; i < len(dst) {
		dst[i] = src[last]
	}
	n := widenNative(dst[1:], src)
	widenPlain(dst[1+2*n:], src[n:])
}

// widenPlain writes a pair of samples between each two that follow each other.
func widenPlain(dst, src []uint8) {
	for i := 1; i < len(src); i++ {
		a, b := int32(src[i-1]), int32(src[i])
		pair := dst[:2]
		pair[0] = uint8((3*a + b + 2) >> 2)
		pair[1] = uint8((3*b + a + 1) >> 2)
		dst = dst[2:]
	}
}

// WidenBetween makes a row of twice the width between two rows of chroma, near being three times as close as far. With
// weights of 9, 3, 3 and 1 of 16 and one rounding, up on the left and down on the right, so that it has no bias. dst has
// one sample less than twice the length of near, or as many.
func WidenBetween(dst, near, far []uint8) {
	last := len(near) - 1
	far = far[:len(near)]
	column := func(i int) int32 { return 3*int32(near[i]) + int32(far[i]) }
	dst[0] = uint8((4*column(0) + 8) >> 4)
	if i := 2*last + 1; i < len(dst) {
		dst[i] = uint8((4*column(last) + 7) >> 4)
	}
	n := widenBetweenNative(dst[1:], near, far)
	widenBetweenPlain(dst[1+2*n:], near[n:], far[n:])
}

// widenBetweenPlain does what widenPlain does, between two rows.
func widenBetweenPlain(dst, near, far []uint8) {
	far = far[:len(near)]
	a := 3*int32(near[0]) + int32(far[0])
	for i := 1; i < len(near); i++ {
		b := 3*int32(near[i]) + int32(far[i])
		pair := dst[:2]
		pair[0] = uint8((3*a + b + 7) >> 4)
		pair[1] = uint8((3*b + a + 8) >> 4)
		dst = dst[2:]
		a = b
	}
}
