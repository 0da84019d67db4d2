package main

import "finetune/internal/neon"

// halves are the forms of an instruction that makes 16-bit numbers of the low and of the high eight bytes.
var halves = [2]struct{ suffix, bytes string }{{"", "8b"}, {"2", "16b"}}

// colours converts sixteen pixels at a time, in 16 bits a number. Whole multiples are taken out of the factors, so
// that what is left of them fits: 1.402 = 1 + 26345/65536, 1.772 = 2 − 14942/65536, −0.714 = −1 + 18734/65536.
func colours(file *neon.File) {
	const red, blue, greenOfU, greenOfV = 26345, -14942, -22554, 18734
	two := func(low, high int) uint32 { return uint32(uint16(low)) | uint32(uint16(high))<<16 }
	// sqrdmulh doubles the product, so it has half the factor.
	file.Table("colours", two(red, blue/2), two(greenOfU, greenOfV), 0, 0)
	a := file.Func("coloursAssembly", "func(dst, luma, cb, cr *uint8, n int)", "coloursAssembly converts n pixels, a multiple of 16, above 0.")
	dst, n, luma, cb, cr := a.Arg("dst"), a.Arg("n"), a.Arg("luma"), a.Arg("cb"), a.Arg("cr")
	factors, middle := a.Vec(), a.Fill("B16", 128) // an element of 16 bits is one of the first 16 registers
	a.Load(factors, a.Address("colours"), 0)
	pixels := a.Vecs(4) // red, green, blue and opaque; behind each other
	a.Go("VMOVI $255, V%d.B16", int(pixels[3]))

	a.Label("pixels")
	y, u, v := a.Vec(), a.Vec(), a.Vec()
	a.LoadNext(luma, y)
	a.LoadNext(cb, u)
	a.LoadNext(cr, v)
	// rounded returns (u·x + v·y) / 65536 of eight numbers, for the factors in two places; without u for one below zero.
	rounded := func(to, u neon.V, x int, v neon.V, y int) {
		low, high := a.Vec(), a.Vec()
		for i, part := range []struct {
			to          neon.V
			two, suffix string
		}{{low, "", "4h"}, {high, "2", "8h"}} {
			name := "smull"
			if x >= 0 {
				a.Op("smull%s %v.4s, %v.%s, %v.h[%d]", part.two, part.to, u, part.suffix, factors, x)
				name = "smlal"
			}
			a.Op("%s%s %v.4s, %v.%s, %v.h[%d]", name, part.two, part.to, v, part.suffix, factors, y)
			a.Op("rshrn%s %v.%s, %v.4s, #16", []string{"", "2"}[i], to, []string{"4h", "8h"}[i], part.to)
		}
		a.Free(low, high)
	}
	for _, half := range halves {
		du, dv, r, g, b := a.Vec(), a.Vec(), a.Vec(), a.Vec(), a.Vec()
		a.Op("usubl%s %v.8h, %v.%s, %v.%s", half.suffix, du, u, half.bytes, middle, half.bytes)
		a.Op("usubl%s %v.8h, %v.%s, %v.%s", half.suffix, dv, v, half.bytes, middle, half.bytes)
		rounded(r, dv, -1, dv, 0)
		rounded(g, du, 2, dv, 3)
		a.Op("sqrdmulh %v.8h, %v.8h, %v.h[1]", b, du, factors)
		a.Op("add %v.8h, %v.8h, %v.8h", r, r, dv)
		a.Op("sub %v.8h, %v.8h, %v.8h", g, g, dv)
		a.Op("add %v.8h, %v.8h, %v.8h", b, b, du)
		a.Op("add %v.8h, %v.8h, %v.8h", b, b, du)
		for i, c := range []neon.V{r, g, b} {
			a.Op("uaddw%s %v.8h, %v.8h, %v.%s", half.suffix, c, c, y, half.bytes)
			a.Op("sqxtun%s %v.%s, %v.8h", half.suffix, pixels[i], half.bytes, c)
		}
		a.Free(du, dv, r, g, b)
	}
	a.Go("VST4.P [V%d.B16, V%d.B16, V%d.B16, V%d.B16], 64(%s)", int(pixels[0]), int(pixels[1]), int(pixels[2]), int(pixels[3]), dst)
	a.Go("SUBS $16, %s", n)
	a.Go("BNE pixels")
	a.Return()
}

// widen makes 16 pairs of samples at a time, in 16 bits a number.
func widen(file *neon.File) {
	a := file.Func("widenAssembly", "func(dst, src *uint8, n int)", "widenAssembly writes n pairs, a multiple of 16, above 0, from n + 1 samples.")
	dst, src, n := a.Arg("dst"), a.Arg("src"), a.Arg("n")
	three, one := a.Fill("B16", 3), a.Fill("B16", 1)
	pairs := a.Vecs(2) // behind each other
	a.Label("pairs")
	left, right, sum := a.Vec(), a.Vec(), a.Vec()
	a.Load(left, src, 0)
	a.Load(right, src, 1)
	for _, half := range halves {
		// 3·left + right + 2 and left + 3·right + 1, divided by 4.
		a.Op("umull%s %v.8h, %v.%s, %v.%s", half.suffix, sum, left, half.bytes, three, half.bytes)
		a.Op("uaddw%s %v.8h, %v.8h, %v.%s", half.suffix, sum, sum, right, half.bytes)
		a.Op("rshrn%s %v.%s, %v.8h, #2", half.suffix, pairs[0], half.bytes, sum)
		a.Op("uaddl%s %v.8h, %v.%s, %v.%s", half.suffix, sum, left, half.bytes, one, half.bytes)
		a.Op("umlal%s %v.8h, %v.%s, %v.%s", half.suffix, sum, right, half.bytes, three, half.bytes)
		a.Op("shrn%s %v.%s, %v.8h, #2", half.suffix, pairs[1], half.bytes, sum)
	}
	endPairs(a, pairs, dst, n, src)
}

// widenBetween does the same between two rows.
func widenBetween(file *neon.File) {
	a := file.Func("widenBetweenAssembly", "func(dst, near, far *uint8, n int)",
		"widenBetweenAssembly writes n pairs, a multiple of 16, above 0, from n + 1 samples.")
	dst, near, far, n := a.Arg("dst"), a.Arg("near"), a.Arg("far"), a.Arg("n")
	three, threes, sevens := a.Fill("B16", 3), a.Fill("H8", 3), a.Fill("H8", 7)
	pairs := a.Vecs(2)
	a.Label("pairs")
	var samples [2][2]neon.V // of near and far, on the left and on the right
	for side := range samples {
		for i, from := range []neon.R{near, far} {
			samples[side][i] = a.Vec()
			a.Load(samples[side][i], from, side)
		}
	}
	left, right, sum := a.Vec(), a.Vec(), a.Vec()
	for _, half := range halves {
		for side, column := range []neon.V{left, right} {
			a.Op("umull%s %v.8h, %v.%s, %v.%s", half.suffix, column, samples[side][0], half.bytes, three, half.bytes)
			a.Op("uaddw%s %v.8h, %v.8h, %v.%s", half.suffix, column, column, samples[side][1], half.bytes)
		}
		// 3·left + right + 7 and left + 3·right + 8, divided by 16.
		a.Op("add %v.8h, %v.8h, %v.8h", sum, right, sevens)
		a.Op("mla %v.8h, %v.8h, %v.8h", sum, left, threes)
		a.Op("shrn%s %v.%s, %v.8h, #4", half.suffix, pairs[0], half.bytes, sum)
		a.Op("mla %v.8h, %v.8h, %v.8h", left, right, threes)
		a.Op("rshrn%s %v.%s, %v.8h, #4", half.suffix, pairs[1], half.bytes, left)
	}
	endPairs(a, pairs, dst, n, near, far)
}

// endPairs writes 16 pairs and goes on with the next.
func endPairs(a *neon.Func, pairs []neon.V, dst, n neon.R, from ...neon.R) {
	a.Go("VST2.P [V%d.B16, V%d.B16], 32(%s)", int(pairs[0]), int(pairs[1]), dst)
	for _, r := range from {
		a.Go("ADD $16, %s", r)
	}
	a.Go("SUBS $16, %s", n)
	a.Go("BNE pairs")
	a.Return()
}
