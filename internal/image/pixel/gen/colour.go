package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sixteen returns a vector of sixteen equal 16-bit numbers, or of pairs of two.
func sixteen(name string, even, odd int16) reg.VecVirtual {
	held := YMM()
	VMOVDQU(eight(name, int32(odd)<<16|int32(uint16(even))), held)
	return held
}

// colours converts sixteen pixels at a time, in 16 bits a number. Whole multiples are taken out of the factors, so
// that what is left of them fits: 1.402 = 1 + 26345/65536, 1.772 = 2 − 14942/65536, −0.714 = −1 + 18734/65536.
func colours() {
	begin("coloursAssembly", "func(dst, luma, cb, cr *uint8, n int)",
		"coloursAssembly converts n pixels, a multiple of 16.")
	dst, n := pointer("dst"), pointer("n")
	var from [3]reg.GPVirtual
	for i, name := range []string{"luma", "cb", "cr"} {
		from[i] = pointer(name)
	}
	offset, opaque := sixteen("offset", 128, 128), sixteen("opaque", 255, 255)
	red, blue, green := sixteen("red", 26345, 26345), sixteen("blue", -14942, -14942), sixteen("green", -22554, 18734)
	half := YMM()
	VMOVDQU(eight("half", 1<<15), half)

	Label("pixels")
	y, u, v := YMM(), YMM(), YMM()
	for i, to := range []reg.VecVirtual{y, u, v} {
		VPMOVZXBW(at(from[i], 0), to)
		ADDQ(operand.Imm(16), from[i])
		if i > 0 {
			VPSUBW(offset, to, to)
		}
	}
	// rounded returns a · factor / 65536: the high half of the product, and the highest bit of the low one.
	rounded := func(a, factor reg.VecVirtual) reg.VecVirtual {
		high, low := YMM(), YMM()
		VPMULHW(factor, a, high)
		VPMULLW(factor, a, low)
		VPSRLW(operand.Imm(15), low, low)
		VPADDW(low, high, high)
		return high
	}
	r, b := rounded(v, red), rounded(u, blue)
	VPADDW(v, r, r)
	VPADDW(u, b, b)
	VPADDW(u, b, b)
	g, upper := YMM(), YMM()
	VPUNPCKLWD(v, u, g)
	VPUNPCKHWD(v, u, upper)
	for _, t := range []reg.VecVirtual{g, upper} {
		VPMADDWD(green, t, t)
		VPADDD(half, t, t)
		VPSRAD(operand.Imm(16), t, t)
	}
	VPACKSSDW(upper, g, g)
	VPSUBW(v, g, g)
	for _, c := range []reg.VecVirtual{r, g, b} {
		VPADDW(y, c, c)
	}
	VPACKUSWB(b, r, r) // red and blue of eight pixels in each half
	VPACKUSWB(opaque, g, g)
	rg, ba := YMM(), YMM()
	VPUNPCKLBW(g, r, rg)
	VPUNPCKHBW(g, r, ba)
	low, high := YMM(), YMM() // pixels 0 to 3 and 8 to 11, pixels 4 to 7 and 12 to 15
	VPUNPCKLWD(ba, rg, low)
	VPUNPCKHWD(ba, rg, high)
	first, second := YMM(), YMM()
	VPERM2I128(operand.Imm(0x20), high, low, first)
	VPERM2I128(operand.Imm(0x31), high, low, second)
	VMOVDQU(first, at(dst, 0))
	VMOVDQU(second, at(dst, 32))
	ADDQ(operand.Imm(64), dst)
	SUBQ(operand.Imm(16), n)
	JNZ(operand.LabelRef("pixels"))
	VZEROUPPER()
	RET()
}

// widen makes 16 pairs of samples at a time, in 16 bits a number.
func widen() {
	begin("widenAssembly", "func(dst, src *uint8, n int)",
		"widenAssembly writes n pairs, a multiple of 16, from n + 1 samples.")
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	two, one := sixteen("twos", 2, 2), sixteen("ones", 1, 1)

	Label("pairs")
	left, right := YMM(), YMM()
	VPMOVZXBW(at(src, 0), left)
	VPMOVZXBW(at(src, 1), right)
	VMOVDQU(pairs(left, triple(left), right, triple(right), two, one, 2), at(dst, 0))
	ADDQ(operand.Imm(16), src)
	ADDQ(operand.Imm(32), dst)
	SUBQ(operand.Imm(16), n)
	JNZ(operand.LabelRef("pairs"))
	VZEROUPPER()
	RET()
}

// widenBetween does the same between two rows.
func widenBetween() {
	begin("widenBetweenAssembly", "func(dst, near, far *uint8, n int)",
		"widenBetweenAssembly writes n pairs, a multiple of 16, from n + 1 samples.")
	dst, near, far, n := pointer("dst"), pointer("near"), pointer("far"), pointer("n")
	seven, eightHalves := sixteen("sevens", 7, 7), sixteen("eights", 8, 8)

	Label("pairs")
	weighted := func(offset int) reg.VecVirtual {
		a, b := YMM(), YMM()
		VPMOVZXBW(at(near, offset), a)
		VPMOVZXBW(at(far, offset), b)
		a = triple(a)
		VPADDW(b, a, a)
		return a
	}
	left, right := weighted(0), weighted(1)
	VMOVDQU(pairs(left, triple(left), right, triple(right), seven, eightHalves, 4), at(dst, 0))
	ADDQ(operand.Imm(16), near)
	ADDQ(operand.Imm(16), far)
	ADDQ(operand.Imm(32), dst)
	SUBQ(operand.Imm(16), n)
	JNZ(operand.LabelRef("pairs"))
	VZEROUPPER()
	RET()
}

func triple(a reg.VecVirtual) reg.VecVirtual {
	t := YMM()
	VPADDW(a, a, t)
	VPADDW(a, t, t)
	return t
}

// pairs returns the two samples between left and right, as the low and the high byte of each number.
func pairs(left, left3, right, right3, roundLow, roundHigh reg.VecVirtual, shift uint64) reg.VecVirtual {
	VPADDW(right, left3, left3)
	VPADDW(roundLow, left3, left3)
	VPSRLW(operand.Imm(shift), left3, left3)
	VPADDW(left, right3, right3)
	VPADDW(roundHigh, right3, right3)
	VPSRLW(operand.Imm(shift), right3, right3)
	VPSLLW(operand.Imm(8), right3, right3)
	VPOR(right3, left3, left3)
	return left3
}
