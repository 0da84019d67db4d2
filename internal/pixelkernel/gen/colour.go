package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// colours converts eight pixels at a time, in 32 bits a number.
func colours() {
	names := []string{"offset", "half", "redFromCr", "greenFromCb", "greenFromCr", "blueFromCb", "greatest", "opaque"}
	values := []int32{128, 1 << 15, 91881, -22554, -46802, 116130, 255, -1 << 24}
	constants := map[string]operand.Mem{}
	for i, name := range names {
		constants[name] = eight(name, values[i])
	}
	begin("coloursAVX2", "func(dst, luma, cb, cr *uint8, n int)",
		"coloursAVX2 converts n pixels, a multiple of 8.")
	dst, n := pointer("dst"), pointer("n")
	var from [3]reg.GPVirtual
	for i, name := range []string{"luma", "cb", "cr"} {
		from[i] = pointer(name)
	}
	held := map[string]reg.VecVirtual{}
	for _, name := range names {
		held[name] = YMM()
		VMOVDQU(constants[name], held[name])
	}
	zero := YMM()
	VPXOR(zero, zero, zero)

	Label("pixels")
	y, u, v := YMM(), YMM(), YMM()
	for i, to := range []reg.VecVirtual{y, u, v} {
		VPMOVZXBD(at(from[i], 0), to)
		ADDQ(operand.Imm(8), from[i])
		if i > 0 {
			VPSUBD(held["offset"], to, to)
		}
	}
	r, g, b, t := YMM(), YMM(), YMM(), YMM()
	VPMULLD(held["redFromCr"], v, r)
	VPMULLD(held["greenFromCr"], v, g)
	VPMULLD(held["greenFromCb"], u, t)
	VPADDD(t, g, g)
	VPMULLD(held["blueFromCb"], u, b)
	for _, c := range []reg.VecVirtual{r, g, b} {
		VPADDD(held["half"], c, c)
		VPSRAD(operand.Imm(16), c, c)
		VPADDD(y, c, c)
		VPMAXSD(zero, c, c)
		VPMINSD(held["greatest"], c, c)
	}
	VPSLLD(operand.Imm(8), g, g)
	VPSLLD(operand.Imm(16), b, b)
	VPOR(g, r, r)
	VPOR(held["opaque"], b, b)
	VPOR(b, r, r)
	VMOVDQU(r, at(dst, 0))
	ADDQ(operand.Imm(32), dst)
	SUBQ(operand.Imm(8), n)
	JNZ(operand.LabelRef("pixels"))
	VZEROUPPER()
	RET()
}

// widenBetween makes 16 pairs of samples at a time, in 16 bits a number.
func widenBetween() {
	constant := func(name string, v uint32) reg.VecVirtual {
		held := YMM()
		VMOVDQU(eight(name, int32(v<<16|v)), held)
		return held
	}
	begin("widenBetweenAVX2", "func(dst, near, far *uint8, n int)",
		"widenBetweenAVX2 writes n pairs, a multiple of 16, from n + 1 samples.")
	dst, near, far, n := pointer("dst"), pointer("near"), pointer("far"), pointer("n")
	seven, eightHalves := constant("sevens", 7), constant("eights", 8)

	Label("pairs")
	weighted := func(offset int) (once, thrice reg.VecVirtual) {
		a, b, t := YMM(), YMM(), YMM()
		VPMOVZXBW(at(near, offset), a)
		VPMOVZXBW(at(far, offset), b)
		VPADDW(a, a, t)
		VPADDW(t, a, a)
		VPADDW(b, a, a)
		VPADDW(a, a, t)
		VPADDW(a, t, t)
		return a, t
	}
	left, left3 := weighted(0)
	right, right3 := weighted(1)
	VPADDW(right, left3, left3)
	VPADDW(seven, left3, left3)
	VPSRLW(operand.Imm(4), left3, left3)
	VPADDW(left, right3, right3)
	VPADDW(eightHalves, right3, right3)
	VPSRLW(operand.Imm(4), right3, right3)
	VPSLLW(operand.Imm(8), right3, right3)
	VPOR(right3, left3, left3)
	VMOVDQU(left3, at(dst, 0))
	ADDQ(operand.Imm(16), near)
	ADDQ(operand.Imm(16), far)
	ADDQ(operand.Imm(32), dst)
	SUBQ(operand.Imm(16), n)
	JNZ(operand.LabelRef("pairs"))
	VZEROUPPER()
	RET()
}
