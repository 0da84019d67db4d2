package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const dotAtSignature = "func(k int, a *float32, rows *int, shift *float32, b *float32, ldb int, c *float32, ldc int)"

// A dotAtFrame holds the registers of a dot kernel that takes rows of a from their places.
type dotAtFrame struct {
	rows, lanes int
	k, shift    reg.GPVirtual
	at          reg.GPVirtual // bytes from the start of the rows of a and of shift
	a, next     []reg.GPVirtual
	b           rows
}

func beginDotAt(name string, tileRows, lanes int) dotAtFrame {
	TEXT(name, 0, dotAtSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the dot products of %d rows of a, shifted, with %d rows of b. It prefetches %d more rows of a.",
		name, tileRows, dotCols, tileRows, dotCols, tileRows))
	load := func(param string) reg.GPVirtual { return Load(Param(param), GP64()).(reg.GPVirtual) }
	f := dotAtFrame{rows: tileRows, lanes: lanes, at: GP64()}
	base, places := load("a"), load("rows")
	for i := range 2 * tileRows {
		row := GP64()
		MOVQ(operand.Mem{Base: places, Disp: 8 * i}, row)
		LEAQ(operand.Mem{Base: base, Index: row, Scale: 4}, row)
		if i < tileRows {
			f.a = append(f.a, row)
		} else {
			f.next = append(f.next, row)
		}
	}
	f.k, f.shift = load("k"), load("shift")
	f.b = newRows(load("b"), load("ldb"), dotCols)
	XORQ(f.at, f.at)
	return f
}

// left is the address in row i of a, shifts that in shift.
func (f dotAtFrame) left(i int) operand.Mem { return operand.Mem{Base: f.a[i], Index: f.at, Scale: 1} }
func (f dotAtFrame) shifts() operand.Mem    { return operand.Mem{Base: f.shift, Index: f.at, Scale: 1} }

// loop runs the body once for each full vector of k, and what follows it sees the rest in k, above zero.
func (f dotAtFrame) loop(body func()) {
	Label("vector")
	CMPQ(f.k, operand.Imm(uint64(f.lanes)))
	JL(operand.LabelRef("tail"))
	body()
	for _, row := range f.next {
		PREFETCHT1(operand.Mem{Base: row, Index: f.at, Scale: 1})
	}
	ADDQ(operand.Imm(uint64(4*f.lanes)), f.at)
	ADDQ(operand.Imm(uint64(4*f.lanes)), f.b.base)
	SUBQ(operand.Imm(uint64(f.lanes)), f.k)
	JMP(operand.LabelRef("vector"))
	Label("tail")
	TESTQ(f.k, f.k)
	JZ(operand.LabelRef("reduce"))
}

// finish adds the sums, of which the low halves are left, to c.
func (f dotAtFrame) finish() {
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(operand.Imm(2), ldc)
	r := dotFrame{rows: f.rows, c: c.(reg.GPVirtual), ldc: ldc.(reg.GPVirtual)}
	for i := range f.rows {
		r.reduce(i)
	}
	VZEROUPPER()
	RET()
}

func dotAtAVX2() {
	const rows = 3
	f := beginDotAt("dotAtAVX2", rows, 8)
	sums, a, b := y[:12], y[12:15], y[15]
	for _, s := range sums {
		VXORPS(s, s, s)
	}
	f.loop(func() {
		for i := range rows {
			VMOVUPS(f.left(i), a[i])
			VADDPS(f.shifts(), a[i], a[i])
		}
		for j := range dotCols {
			VMOVUPS(f.b.row(j), b)
			for i := range rows {
				VFMADD231PS(b, a[i], sums[i*dotCols+j])
			}
		}
	})

	Comment("The last k < 8 elements: masked loads give zeros beyond them and don't fault.")
	table, offset := GP64(), GP64()
	LEAQ(masks, table)
	MOVQ(operand.U32(8), offset)
	SUBQ(f.k, offset)
	mask, left, right, shift := y[12], y[13], y[14], y[15]
	VMOVUPS(operand.Mem{Base: table, Index: offset, Scale: 4}, mask)
	VMASKMOVPS(f.shifts(), mask, shift)
	for j := range dotCols {
		VMASKMOVPS(f.b.row(j), mask, right)
		for i := range rows {
			VMASKMOVPS(f.left(i), mask, left)
			VADDPS(shift, left, left)
			VFMADD231PS(right, left, sums[i*dotCols+j])
		}
	}
	Label("reduce")
	f.finish()
}

func dotAtAVX512() {
	const rows = 4
	f := beginDotAt("dotAtAVX512", rows, 16)
	sums, a, b, shift := z[:16], z[16:20], z[20:24], z[24]
	for _, s := range sums {
		VPXORQ(s, s, s)
	}
	multiply := func() {
		for j := range dotCols {
			for i := range rows {
				VFMADD231PS(b[j], a[i], sums[i*dotCols+j])
			}
		}
	}
	f.loop(func() {
		VMOVUPS(f.shifts(), shift)
		for i := range rows {
			VADDPS(f.left(i), shift, a[i])
		}
		for j := range dotCols {
			VMOVUPS(f.b.row(j), b[j])
		}
		multiply()
	})

	Comment("The last k < 16 elements: masked loads give zeros beyond them and don't fault.")
	bits := GP64()
	MOVQ(f.k, reg.RCX)
	MOVQ(operand.U32(1), bits)
	SHLQ(reg.CL, bits)
	DECQ(bits)
	KMOVW(bits.As32(), reg.K1)
	VMOVUPS_Z(f.shifts(), reg.K1, shift)
	for i := range rows {
		VMOVUPS_Z(f.left(i), reg.K1, a[i])
		VADDPS(shift, a[i], a[i])
	}
	for j := range dotCols {
		VMOVUPS_Z(f.b.row(j), reg.K1, b[j])
	}
	multiply()

	Label("reduce")
	half := y[16]
	for i, s := range sums {
		VEXTRACTF64X4(operand.Imm(1), s, half)
		VADDPS(half, y[i], y[i])
	}
	f.finish()
}
