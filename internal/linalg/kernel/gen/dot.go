package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const dotSignature = "func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)"

// dotCols is the number of rows of b, which is that of the columns of c.
const dotCols = 4

// A dotFrame holds the registers that both versions of the dot kernel share.
type dotFrame struct {
	k, c, ldc      reg.GPVirtual
	a, b           rows
	rows, lanes    int
	tail, finished string // labels
}

// begin declares the function, loads its arguments and turns strides into bytes.
func begin(name string, rows, lanes int) dotFrame {
	TEXT(name, 0, dotSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the dot products of %d rows of a with %d rows of b.", name, rows, dotCols, rows, dotCols))
	f := dotFrame{rows: rows, lanes: lanes, tail: "tail", finished: "reduce"}
	load := func(param string) reg.GPVirtual { return Load(Param(param), GP64()).(reg.GPVirtual) }
	f.k, f.c, f.ldc = load("k"), load("c"), load("ldc")
	SHLQ(operand.Imm(2), f.ldc)
	f.a, f.b = newRows(load("a"), load("lda"), 2*f.rows), newRows(load("b"), load("ldb"), dotCols)
	return f
}

// rows are up to eight rows of a matrix: the address of the first, and multiples of the stride in bytes.
type rows struct {
	base                    reg.GPVirtual
	one, three, five, seven reg.GPVirtual
}

func newRows(base, stride reg.GPVirtual, count int) rows {
	SHLQ(operand.Imm(2), stride)
	r := rows{base: base, one: stride}
	sum := func(a, b reg.GPVirtual, times uint8) reg.GPVirtual {
		out := GP64()
		LEAQ(operand.Mem{Base: a, Index: b, Scale: times}, out)
		return out
	}
	r.three = sum(stride, stride, 2)
	if count > 5 {
		r.five = sum(stride, stride, 4)
	}
	if count > 7 {
		r.seven = sum(r.three, stride, 4)
	}
	return r
}

// row is the address in row i.
func (r rows) row(i int) operand.Mem {
	at := func(stride reg.GPVirtual, times uint8) operand.Mem {
		return operand.Mem{Base: r.base, Index: stride, Scale: times}
	}
	switch i {
	case 0:
		return operand.Mem{Base: r.base}
	case 1, 2, 4:
		return at(r.one, uint8(i))
	case 3, 6:
		return at(r.three, uint8(i/3))
	case 5:
		return at(r.five, 1)
	case 7:
		return at(r.seven, 1)
	}
	panic("no such row")
}

// loop runs the body once for each full vector of k, and what follows it sees the rest in k, above zero.
func (f dotFrame) loop(body func()) {
	Label("vector")
	CMPQ(f.k, operand.Imm(uint64(f.lanes)))
	JL(operand.LabelRef(f.tail))
	body()
	Comment("Rows of a come from far, and those after these are read next. Those of b are near.")
	for i := range f.rows {
		PREFETCHT1(f.a.row(f.rows + i))
	}
	ADDQ(operand.Imm(uint64(4*f.lanes)), f.a.base)
	ADDQ(operand.Imm(uint64(4*f.lanes)), f.b.base)
	SUBQ(operand.Imm(uint64(f.lanes)), f.k)
	JMP(operand.LabelRef("vector"))
	Label(f.tail)
	TESTQ(f.k, f.k)
	JZ(operand.LabelRef(f.finished))
}

// reduce adds the lanes of each of the four sums of a row of c, low half and high half being summed last, and
// adds the four to c.
func (f dotFrame) reduce(i int) {
	sum := func(j int) reg.VecPhysical { return y[i*dotCols+j] }
	VHADDPS(sum(1), sum(0), sum(0))
	VHADDPS(sum(3), sum(2), sum(2))
	VHADDPS(sum(2), sum(0), sum(0))
	VEXTRACTF128(operand.Imm(1), sum(0), sum(1).AsX())
	VADDPS(sum(1).AsX(), sum(0).AsX(), sum(0).AsX())
	VADDPS(operand.Mem{Base: f.c}, sum(0).AsX(), sum(0).AsX())
	VMOVUPS(sum(0).AsX(), operand.Mem{Base: f.c})
	if i+1 < f.rows {
		ADDQ(f.ldc, f.c)
	}
}

// dotAVX2 keeps 3 × 4 sums in Y0 to Y11; 16 registers hold no larger tile.
func dotAVX2() {
	const rows = 3
	f := begin("dotAVX2", rows, 8)
	sums, a, b := y[:12], y[12:15], y[15]
	for _, s := range sums {
		VXORPS(s, s, s)
	}
	f.loop(func() {
		for i := range rows {
			VMOVUPS(f.a.row(i), a[i])
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
	mask, left, right := y[12], y[13], y[14]
	VMOVUPS(operand.Mem{Base: table, Index: offset, Scale: 4}, mask)
	for j := range dotCols {
		VMASKMOVPS(f.b.row(j), mask, right)
		for i := range rows {
			VMASKMOVPS(f.a.row(i), mask, left)
			VFMADD231PS(right, left, sums[i*dotCols+j])
		}
	}

	Label(f.finished)
	for i := range rows {
		f.reduce(i)
	}
	VZEROUPPER()
	RET()
}

// dotAVX512 keeps 4 × 4 sums in Z0 to Z15, where the reduction can reach them with AVX instructions.
func dotAVX512() {
	const rows = 4
	f := begin("dotAVX512", rows, 16)
	sums, a, b := z[:16], z[16:20], z[20:24]
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
		for i := range rows {
			VMOVUPS(f.a.row(i), a[i])
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
	for i := range rows {
		VMOVUPS_Z(f.a.row(i), reg.K1, a[i])
	}
	for j := range dotCols {
		VMOVUPS_Z(f.b.row(j), reg.K1, b[j])
	}
	multiply()

	Label(f.finished)
	half := y[16]
	for i, s := range sums {
		VEXTRACTF64X4(operand.Imm(1), s, half)
		VADDPS(half, y[i], y[i])
	}
	for i := range rows {
		f.reduce(i)
	}
	VZEROUPPER()
	RET()
}
