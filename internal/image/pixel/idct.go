package pixel

// The factors of the inverse transform, of Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms
// with 11 multiplications", ICASSP 1989, with 13 bits after the point. cₖ is cos(kπ/16), sₖ is sin(kπ/16).
const (
	factorBits = 13
	extraBits  = 2 // kept between the passes

	f0298 = 2446  // √2 (−c1 + c3 + c5 − c7)
	f0390 = 3196  // √2 (c3 − c5)
	f0541 = 4433  // √2 c6
	f0765 = 6270  // √2 (c2 − c6)
	f0899 = 7373  // √2 (c3 − c7)
	f1175 = 9633  // √2 c3
	f1501 = 12299 // √2 (c1 + c3 − c5 − c7)
	f1847 = 15137 // √2 (c2 + c6)
	f1961 = 16069 // √2 (c3 + c5)
	f2053 = 16819 // √2 (c1 + c3 − c5 + c7)
	f2562 = 20995 // √2 (c1 + c3)
	f3072 = 25172 // √2 (c1 + c3 + c5 − c7)
)

// InverseDCT writes the 8 × 8 samples, counted from 128, of a block of dequantised coefficients, in rows stride bytes
// apart, and clears the block for the next. It transforms columns first and rounds after each pass where libjpeg's
// accurate integer method ("islow") does, so that the samples are the same to the bit.
func InverseDCT(out []uint8, stride int, block *[64]int32) {
	_ = out[7*stride+7]
	if !inverseDCTNative(out, stride, block) {
		inverseDCTPlain(out, stride, block)
	}
}

func inverseDCTPlain(out []uint8, stride int, block *[64]int32) {
	const round = 1 << (factorBits - extraBits - 1)
	for x := range 8 {
		b := block[x:]
		_ = b[56]
		if b[8]|b[16]|b[24]|b[32]|b[40]|b[48]|b[56] == 0 {
			v := b[0] << extraBits
			b[0], b[8], b[16], b[24], b[32], b[40], b[48], b[56] = v, v, v, v, v, v, v, v
			continue
		}
		e0, e1, e2, e3, o0, o1, o2, o3 := butterflies(b[0], b[8], b[16], b[24], b[32], b[40], b[48], b[56])
		b[0] = (e0 + o0 + round) >> (factorBits - extraBits)
		b[56] = (e0 - o0 + round) >> (factorBits - extraBits)
		b[8] = (e1 + o1 + round) >> (factorBits - extraBits)
		b[48] = (e1 - o1 + round) >> (factorBits - extraBits)
		b[16] = (e2 + o2 + round) >> (factorBits - extraBits)
		b[40] = (e2 - o2 + round) >> (factorBits - extraBits)
		b[24] = (e3 + o3 + round) >> (factorBits - extraBits)
		b[32] = (e3 - o3 + round) >> (factorBits - extraBits)
	}
	const (
		shift = factorBits + extraBits + 3
		bias  = 128<<shift + 1<<(shift-1)
	)
	for y := range 8 {
		b := block[8*y : 8*y+8]
		e0, e1, e2, e3, o0, o1, o2, o3 := butterflies(b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7])
		*(*[8]uint8)(out[y*stride:]) = [8]uint8{
			Clamp((e0 + o0 + bias) >> shift), Clamp((e1 + o1 + bias) >> shift),
			Clamp((e2 + o2 + bias) >> shift), Clamp((e3 + o3 + bias) >> shift),
			Clamp((e3 - o3 + bias) >> shift), Clamp((e2 - o2 + bias) >> shift),
			Clamp((e1 - o1 + bias) >> shift), Clamp((e0 - o0 + bias) >> shift),
		}
	}
	*block = [64]int32{}
}

// butterflies transforms eight coefficients; value i of the result is eᵢ + oᵢ, and value 7−i is eᵢ − oᵢ.
func butterflies(v0, v1, v2, v3, v4, v5, v6, v7 int32) (e0, e1, e2, e3, o0, o1, o2, o3 int32) {
	p := (v2 + v6) * f0541
	low, high := p-v6*f1847, p+v2*f0765
	sum, diff := (v0+v4)<<factorBits, (v0-v4)<<factorBits
	e0, e3 = sum+high, sum-high
	e1, e2 = diff+low, diff-low

	q := (v7 + v3 + v5 + v1) * f1175
	a, b := (v7+v1)*-f0899, (v5+v3)*-f2562
	c, d := (v7+v3)*-f1961+q, (v5+v1)*-f0390+q
	o3 = v7*f0298 + a + c
	o2 = v5*f2053 + b + d
	o1 = v3*f3072 + b + c
	o0 = v1*f1501 + a + d
	return
}

// FillBlock writes what InverseDCT does for a block that has only its mean.
func FillBlock(out []uint8, stride int, dc int32) {
	v := Clamp((dc<<extraBits+1<<(extraBits+2))>>(extraBits+3) + 128)
	for y := range 8 {
		*(*[8]uint8)(out[y*stride:]) = [8]uint8{v, v, v, v, v, v, v, v}
	}
}
