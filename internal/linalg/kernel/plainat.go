package kernel

// dotAtPlain is dotPlain for rows at their places, as many columns as b is packed for, and tiles below each other.
func dotAtPlain(height, cols, k int, a []float32, rows []int, shift, b, c []float32, ldc int) {
	for i := 0; i+2 <= height; i += 2 {
		dotTilePlain(cols, k, a, rows[i:], shift, b, c[i*ldc:], ldc)
	}
}

func dotTilePlain(cols, k int, a []float32, rows []int, shift, b, c []float32, ldc int) {
	a0, a1, shift, b := a[rows[0]:][:k], a[rows[1]:][:k], shift[:k], b[:k*cols]
	c0, c1 := c[:cols], c[ldc:][:cols]
	if cols < 4 {
		for j := range cols {
			var s0, s1 float32
			for i, s := range shift {
				w := b[i*cols+j]
				s0 += (a0[i] + s) * w
				s1 += (a1[i] + s) * w
			}
			c0[j] += s0
			c1[j] += s1
		}
		return
	}
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	for i, s := range shift {
		u, v := a0[i]+s, a1[i]+s
		w := b[4*i:][:4]
		s00 += u * w[0]
		s01 += u * w[1]
		s02 += u * w[2]
		s03 += u * w[3]
		s10 += v * w[0]
		s11 += v * w[1]
		s12 += v * w[2]
		s13 += v * w[3]
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

// outerAtPlain is outerPlain for rows at their places, for one row of c or two, and tiles beside each other.
func outerAtPlain(height, cols, k int, a, b []float32, rows []int, shift, c []float32, ldc int) {
	a, rows = a[:height*k], rows[:k]
	for j := range cols / 16 * 4 {
		j *= 4
		c0, shift := c[j:][:4], shift[j:][:4]
		if height == 1 {
			for i, row := range rows {
				for l, x := range b[row+j:][:4] {
					c0[l] += a[i] * (x + shift[l])
				}
			}
			continue
		}
		c1 := c[ldc+j:][:4]
		s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
		s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
		for i, row := range rows {
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
