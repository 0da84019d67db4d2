package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The rounding of package resample.
const precision = 22

// across goes through a row of results. Each is summed two pixels at a time, in two accumulators, so that one sum
// needn't wait for the other.
func across() {
	round := eight("round", 1<<(precision-1))
	spread := GLOBL("spread", 8|16)
	for i, v := range []uint32{0, 0, 0, 0, 1, 1, 1, 1} {
		DATA(4*i, operand.U32(v))
	}
	begin("acrossAssembly", "func(dst, src *uint8, starts, counts *int, weights *int32, width int, n int)",
		"acrossAssembly writes n pixels of 3 bytes, and a byte after them, each the weighted sum of counts[i] pixels of 4 bytes",
		"from starts[i] on. The weights of a pixel begin width after those of the one before.")
	dst, src, starts, counts := pointer("dst"), pointer("src"), pointer("starts"), pointer("counts")
	row, width, n := pointer("weights"), pointer("width"), pointer("n")
	SHLQ(operand.Imm(2), width)
	places := YMM()
	VMOVDQU(spread, places)

	Label("pixel")
	pixels, weights, left := GP64(), GP64(), GP64()
	MOVQ(at(starts, 0), pixels)
	LEAQ(operand.Mem{Base: src, Index: pixels, Scale: 4}, pixels)
	MOVQ(row, weights)
	MOVQ(at(counts, 0), left)
	sums := [2]reg.VecVirtual{YMM(), YMM()}
	VPXOR(sums[0], sums[0], sums[0])
	VPXOR(sums[1], sums[1], sums[1])

	two := func(sum reg.VecVirtual, skip int) {
		levels, w := YMM(), YMM()
		VPMOVZXBD(at(pixels, 4*skip), levels)
		VPBROADCASTQ(at(weights, 4*skip), w)
		VPERMD(w, places, w)
		VPMULLD(w, levels, levels)
		VPADDD(levels, sum, sum)
	}
	Label("four")
	CMPQ(left, operand.Imm(4))
	JLT(operand.LabelRef("rest"))
	two(sums[0], 0)
	two(sums[1], 2)
	ADDQ(operand.Imm(16), pixels)
	ADDQ(operand.Imm(16), weights)
	SUBQ(operand.Imm(4), left)
	JMP(operand.LabelRef("four"))

	Label("rest")
	VPADDD(sums[1], sums[0], sums[0])
	sum, upper := sums[0].AsX().(reg.VecVirtual), XMM()
	VEXTRACTI128(operand.Imm(1), sums[0], upper)
	VPADDD(upper, sum, sum)
	Label("one")
	TESTQ(left, left)
	JZ(operand.LabelRef("done"))
	levels, w := XMM(), XMM()
	VPMOVZXBD(at(pixels, 0), levels)
	VPBROADCASTD(at(weights, 0), w)
	VPMULLD(w, levels, levels)
	VPADDD(levels, sum, sum)
	ADDQ(operand.Imm(4), pixels)
	ADDQ(operand.Imm(4), weights)
	DECQ(left)
	JMP(operand.LabelRef("one"))

	Label("done")
	VPADDD(round, sum, sum)
	VPSRAD(operand.Imm(precision), sum, sum)
	VPACKSSDW(sum, sum, sum)
	VPACKUSWB(sum, sum, sum)
	VMOVD(sum, at(dst, 0))
	ADDQ(operand.Imm(3), dst)
	ADDQ(operand.Imm(8), starts)
	ADDQ(operand.Imm(8), counts)
	ADDQ(width, row)
	DECQ(n)
	JNZ(operand.LabelRef("pixel"))
	VZEROUPPER()
	RET()
}

// down sums 32 columns at a time.
func down() {
	begin("downAssembly", "func(dst, rows *uint8, stride int, weights *int32, taps int, n int)",
		"downAssembly writes n bytes, a multiple of 32, each the weighted sum of taps bytes that are stride apart.")
	dst, rows, stride, weights := pointer("dst"), pointer("rows"), pointer("stride"), pointer("weights")
	taps, n := pointer("taps"), pointer("n")
	order := YMM()
	places := GLOBL("quarters", 8|16)
	for i, v := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
		DATA(4*i, operand.U32(v))
	}
	VMOVDQU(places, order)

	Label("columns")
	var sums [4]reg.VecVirtual
	start := YMM()
	VMOVDQU(eight("start", 1<<(precision-1)), start)
	for i := range sums {
		sums[i] = YMM()
		VMOVDQA(start, sums[i])
	}
	row, weight, left := GP64(), GP64(), GP64()
	MOVQ(rows, row)
	MOVQ(weights, weight)
	MOVQ(taps, left)
	Label("tap")
	w := YMM()
	VPBROADCASTD(at(weight, 0), w)
	for i := range sums {
		levels := YMM()
		VPMOVZXBD(at(row, 8*i), levels)
		VPMULLD(w, levels, levels)
		VPADDD(levels, sums[i], sums[i])
	}
	ADDQ(stride, row)
	ADDQ(operand.Imm(4), weight)
	DECQ(left)
	JNZ(operand.LabelRef("tap"))
	for i := range sums {
		VPSRAD(operand.Imm(precision), sums[i], sums[i])
	}
	VPACKSSDW(sums[1], sums[0], sums[0])
	VPACKSSDW(sums[3], sums[2], sums[2])
	VPACKUSWB(sums[2], sums[0], sums[0])
	VPERMD(sums[0], order, sums[0])
	VMOVDQU(sums[0], at(dst, 0))
	ADDQ(operand.Imm(32), dst)
	ADDQ(operand.Imm(32), rows)
	SUBQ(operand.Imm(32), n)
	JNZ(operand.LabelRef("columns"))
	VZEROUPPER()
	RET()
}
