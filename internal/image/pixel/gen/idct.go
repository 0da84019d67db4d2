package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	factorBits = 13
	extraBits  = 2
)

// factors are those of idct.go in the folder above; negative where they are only subtracted.
var factors = map[string]int32{
	"f0298": 2446, "f0541": 4433, "f0765": 6270, "f1175": 9633, "f1501": 12299, "f1847": -15137, "f2053": 16819,
	"f3072": 25172, "n0390": -3196, "n0899": -7373, "n1961": -16069, "n2562": -20995,
	"roundColumns": 1 << (factorBits - extraBits - 1),
	"roundRows":    128<<(factorBits+extraBits+3) + 1<<(factorBits+extraBits+2),
}

type vectors = [8]reg.VecVirtual

// inverseDCT holds the block in eight registers, a row each: the transform of all columns at once, rows and columns
// exchanged, the same again.
func inverseDCT() {
	memory := map[string]operand.Mem{}
	for _, name := range []string{"f0298", "f0541", "f0765", "f1175", "f1501", "f1847", "f2053", "f3072", "n0390", "n0899",
		"n1961", "n2562", "roundColumns", "roundRows"} {
		memory[name] = eight(name, factors[name])
	}
	order := GLOBL("pairs", 8|16)
	for i, v := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
		DATA(4*i, operand.U32(v))
	}

	begin("inverseDCTAssembly", "func(out *uint8, stride int, block *[64]int32)",
		"inverseDCTAssembly writes 8 rows of 8 samples and clears the block.")
	out, stride, block := pointer("out"), pointer("stride"), pointer("block")
	var v vectors
	zero := YMM()
	VPXOR(zero, zero, zero)
	for i := range v {
		v[i] = YMM()
		VMOVDQU(at(block, 32*i), v[i])
		VMOVDQU(zero, at(block, 32*i))
	}
	v = butterflies(v, memory, "roundColumns", factorBits-extraBits)
	v = transpose(v)
	v = butterflies(v, memory, "roundRows", factorBits+extraBits+3)
	v = transpose(v)

	permutation := YMM()
	VMOVDQU(order, permutation)
	for half := range 2 {
		r := v[4*half:]
		VPACKSSDW(r[1], r[0], r[0])
		VPACKSSDW(r[3], r[2], r[2])
		VPACKUSWB(r[2], r[0], r[0])
		VPERMD(r[0], permutation, r[0])
		upper := XMM()
		VEXTRACTI128(operand.Imm(1), r[0], upper)
		for _, two := range []reg.VecVirtual{r[0].AsX().(reg.VecVirtual), upper} {
			VMOVQ(two, at(out, 0))
			ADDQ(stride, out)
			VPEXTRQ(operand.Imm(1), two, at(out, 0))
			ADDQ(stride, out)
		}
	}
	VZEROUPPER()
	RET()
}

// butterflies is the function of that name, of eight columns, and what comes after it.
func butterflies(v vectors, memory map[string]operand.Mem, round string, shift uint64) (out vectors) {
	times := func(a reg.VecVirtual, factor string) reg.VecVirtual {
		p := YMM()
		VPMULLD(memory[factor], a, p)
		return p
	}
	sum := func(a, b reg.VecVirtual) reg.VecVirtual {
		s := YMM()
		VPADDD(b, a, s)
		return s
	}
	add := func(to, v reg.VecVirtual) { VPADDD(v, to, to) }

	p := times(sum(v[2], v[6]), "f0541")
	low, high := times(v[6], "f1847"), times(v[2], "f0765")
	add(low, p)
	add(high, p)
	total, diff := sum(v[0], v[4]), YMM()
	VPSUBD(v[4], v[0], diff)
	for _, x := range []reg.VecVirtual{total, diff} {
		VPSLLD(operand.Imm(factorBits), x, x)
		VPADDD(memory[round], x, x)
	}
	var e [4]reg.VecVirtual
	e[0], e[3], e[1], e[2] = sum(total, high), total, sum(diff, low), diff
	VPSUBD(high, total, total)
	VPSUBD(low, diff, diff)

	c, d := sum(v[7], v[3]), sum(v[5], v[1])
	q := times(sum(c, d), "f1175")
	VPMULLD(memory["n1961"], c, c)
	VPMULLD(memory["n0390"], d, d)
	add(c, q)
	add(d, q)
	a := times(sum(v[7], v[1]), "n0899")
	b := times(sum(v[5], v[3]), "n2562")
	o := [4]reg.VecVirtual{times(v[1], "f1501"), times(v[3], "f3072"), times(v[5], "f2053"), times(v[7], "f0298")}
	for i, terms := range [4][2]reg.VecVirtual{{a, d}, {b, c}, {b, d}, {a, c}} {
		add(o[i], terms[0])
		add(o[i], terms[1])
	}
	for i := range 4 {
		out[i], out[7-i] = sum(e[i], o[i]), e[i]
		VPSUBD(o[i], e[i], e[i])
		VPSRAD(operand.Imm(shift), out[i], out[i])
		VPSRAD(operand.Imm(shift), out[7-i], out[7-i])
	}
	return out
}

// transpose exchanges rows and columns.
func transpose(v vectors) vectors {
	var a, b, c vectors
	for i := 0; i < 8; i += 2 {
		a[i], a[i+1] = YMM(), YMM()
		VPUNPCKLDQ(v[i+1], v[i], a[i])
		VPUNPCKHDQ(v[i+1], v[i], a[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for k := range 2 {
			b[i+2*k], b[i+2*k+1] = YMM(), YMM()
			VPUNPCKLQDQ(a[i+2+k], a[i+k], b[i+2*k])
			VPUNPCKHQDQ(a[i+2+k], a[i+k], b[i+2*k+1])
		}
	}
	for i := range 4 {
		c[i], c[i+4] = YMM(), YMM()
		VPERM2I128(operand.Imm(0x20), b[i+4], b[i], c[i])
		VPERM2I128(operand.Imm(0x31), b[i+4], b[i], c[i+4])
	}
	return c
}
