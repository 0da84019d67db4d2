package kernel

// plain is the reference for the others, and what runs where there is no assembly. It sums 2 × 4 elements at a time,
// which fit the registers of scalar code.
var plain = Kernel{
	Name: "plain", Lanes: 1,
	DotRows: 2, DotCols: 4, Dot: dotPlain, DotAt: dotAtPlain,
	OuterRows: 2, OuterCols: 16, Outer: outerPlain, OuterAt: outerAtPlain,
	Vector: plainVector,
}

func dotPlain(k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	a0, a1 := a[:k], a[lda:][:k]
	b0, b1, b2, b3 := b[:k], b[ldb:][:k], b[2*ldb:][:k], b[3*ldb:][:k]
	c0, c1 := c[:4], c[ldc:][:4]
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	for i, u := range a0 {
		v := a1[i]
		w0, w1, w2, w3 := b0[i], b1[i], b2[i], b3[i]
		s00 += u * w0
		s01 += u * w1
		s02 += u * w2
		s03 += u * w3
		s10 += v * w0
		s11 += v * w1
		s12 += v * w2
		s13 += v * w3
	}
	c0[0] += s00
	c0[1] += s01
	c0[2] += s02
	c0[3] += s03
	c1[0] += s10
	c1[1] += s11
	c1[2] += s12
	c1[3] += s13
}

func outerPlain(k int, a, b []float32, ldb int, c []float32, ldc int) {
	a = a[:2*k]
	for j := 0; j < 16; j += 4 {
		c0, c1 := c[j:][:4], c[ldc+j:][:4]
		s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
		s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
		for i := range k {
			u, v, w := a[2*i], a[2*i+1], b[i*ldb+j:][:4]
			s00 += u * w[0]
			s01 += u * w[1]
			s02 += u * w[2]
			s03 += u * w[3]
			s10 += v * w[0]
			s11 += v * w[1]
			s12 += v * w[2]
			s13 += v * w[3]
		}
		c0[0], c0[1], c0[2], c0[3] = s00, s01, s02, s03
		c1[0], c1[1], c1[2], c1[3] = s10, s11, s12, s13
	}
}
