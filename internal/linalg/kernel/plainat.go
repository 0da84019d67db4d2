package kernel

// dotAtPlain is dotPlain for rows at their places.
func dotAtPlain(k int, a []float32, rows []int, shift []float32, b []float32, ldb int, c []float32, ldc int) {
	a0, a1, shift := a[rows[0]:][:k], a[rows[1]:][:k], shift[:k]
	b0, b1, b2, b3 := b[:k], b[ldb:][:k], b[2*ldb:][:k], b[3*ldb:][:k]
	c0, c1 := c[:4], c[ldc:][:4]
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	for i, s := range shift {
		u, v := a0[i]+s, a1[i]+s
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

// outerAtPlain is outerPlain for rows at their places.
func outerAtPlain(k int, a, b []float32, rows []int, shift []float32, c []float32, ldc int) {
	a = a[:2*k]
	for j := 0; j < 16; j += 4 {
		c0, c1, shift := c[j:][:4], c[ldc+j:][:4], shift[j:][:4]
		s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
		s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
		for i, row := range rows[:k] {
			u, v, w := a[2*i], a[2*i+1], b[row+j:][:4]
			x0, x1, x2, x3 := w[0]+shift[0], w[1]+shift[1], w[2]+shift[2], w[3]+shift[3]
			s00 += u * x0
			s01 += u * x1
			s02 += u * x2
			s03 += u * x3
			s10 += v * x0
			s11 += v * x1
			s12 += v * x2
			s13 += v * x3
		}
		c0[0], c0[1], c0[2], c0[3] = s00, s01, s02, s03
		c1[0], c1[1], c1[2], c1[3] = s10, s11, s12, s13
	}
}
