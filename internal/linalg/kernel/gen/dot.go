package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	dotSignature   = "func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)"
	dotAtSignature = "func(k int, a *float32, rows *int, shift *float32, b *float32, ldb int, c *float32, ldc int)"
)

// dotCols is the number of rows of b, which is that of the columns of c.
const dotCols = 4

// A dotFrame holds the registers that all versions of the dot kernel share.
type dotFrame struct {
	rows, lanes int
	at          bool // each row of a has a place of its own and is shifted
	k, c, ldc   reg.GPVirtual
	b           rows

	a rows // without at

	offset reg.GPVirtual   // with at: bytes from the start of the rows of a and of shift
	places []reg.GPVirtual // the tile's rows of a, then those to prefetch
	shift  reg.GPVirtual
}

func load(param string) reg.GPVirtual { return Load(Param(param), GP64()).(reg.GPVirtual) }

// beginDot declares the function, loads its arguments and turns strides into bytes.
func beginDot(instructions string, tileRows, lanes int, at bool) dotFrame {
	if at {
		return beginDotAt("dotAt"+instructions, tileRows, lanes)
	}
	name := "dot" + instructions
	TEXT(name, 0, dotSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the dot products of %d rows of a with %d rows of b.",
		name, tileRows, dotCols, tileRows, dotCols))
	f := dotFrame{rows: tileRows, lanes: lanes}
	f.k = load("k")
	f.loadTile()
	f.a, f.b = newRows(load("a"), load("lda"), 2*tileRows), newRows(load("b"), load("ldb"), dotCols)
	return f
}

func beginDotAt(name string, tileRows, lanes int) dotFrame {
	TEXT(name, 0, dotAtSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the dot products of %d rows of a, shifted, with %d rows of b. "+
		"It prefetches %d more rows of a.", name, tileRows, dotCols, tileRows, dotCols, tileRows))
	f := dotFrame{rows: tileRows, lanes: lanes, at: true, offset: GP64()}
	base, places := load("a"), load("rows")
	for i := range 2 * tileRows {
		row := GP64()
		MOVQ(operand.Mem{Base: places, Disp: 8 * i}, row)
		LEAQ(operand.Mem{Base: base, Index: row, Scale: 4}, row)
		f.places = append(f.places, row)
	}
	f.k, f.shift = load("k"), load("shift")
	f.b = newRows(load("b"), load("ldb"), dotCols)
	XORQ(f.offset, f.offset)
	return f
}

// loadTile loads the address and the stride of c.
func (f *dotFrame) loadTile() {
	f.c, f.ldc = load("c"), load("ldc")
	SHLQ(operand.Imm(2), f.ldc)
}

// left is the address in row i of a.
func (f *dotFrame) left(i int) operand.Mem {
	if f.at {
		return operand.Mem{Base: f.places[i], Index: f.offset, Scale: 1}
	}
	return f.a.row(i)
}

// shifts is the address in shift.
func (f *dotFrame) shifts() operand.Mem { return operand.Mem{Base: f.shift, Index: f.offset, Scale: 1} }

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
func (f *dotFrame) loop(body func()) {
	Label("vector")
	CMPQ(f.k, operand.Imm(uint64(f.lanes)))
	JL(operand.LabelRef("tail"))
	body()
	if !f.at {
		Comment("Rows of a come from far, and those after these are read next. Those of b are near.")
	}
	for i := range f.rows {
		PREFETCHT1(f.left(f.rows + i))
	}
	bytes := operand.Imm(uint64(4 * f.lanes))
	if f.at {
		ADDQ(bytes, f.offset)
	} else {
		ADDQ(bytes, f.a.base)
	}
	ADDQ(bytes, f.b.base)
	SUBQ(operand.Imm(uint64(f.lanes)), f.k)
	JMP(operand.LabelRef("vector"))
	Label("tail")
	TESTQ(f.k, f.k)
	JZ(operand.LabelRef("reduce"))
}

// finish adds the sums, of which the low halves are left, to c.
func (f *dotFrame) finish() {
	if f.at {
		f.loadTile() // not before: all registers were taken
	}
	for i := range f.rows {
		f.reduce(i)
	}
	VZEROUPPER()
	RET()
}

// reduce adds the lanes of each of the four sums of a row of c, low half and high half being summed last, and
// adds the four to c.
func (f *dotFrame) reduce(i int) {
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
func dotAVX2(at bool) {
	const rows = 3
	f := beginDot("AVX2", rows, 8, at)
	sums, a, b := y[:12], y[12:15], y[15]
	for _, s := range sums {
		VXORPS(s, s, s)
	}
	f.loop(func() {
		for i := range rows {
			VMOVUPS(f.left(i), a[i])
			if at {
				VADDPS(f.shifts(), a[i], a[i])
			}
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
	if at {
		VMASKMOVPS(f.shifts(), mask, shift)
	}
	for j := range dotCols {
		VMASKMOVPS(f.b.row(j), mask, right)
		for i := range rows {
			VMASKMOVPS(f.left(i), mask, left)
			if at {
				VADDPS(shift, left, left)
			}
			VFMADD231PS(right, left, sums[i*dotCols+j])
		}
	}
	Label("reduce")
	f.finish()
}

// dotAVX512 keeps 4 × 4 sums in Z0 to Z15, where the reduction can reach them with AVX instructions.
func dotAVX512(at bool) {
	const rows = 4
	f := beginDot("AVX512", rows, 16, at)
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
		if at {
			VMOVUPS(f.shifts(), shift)
		}
		for i := range rows {
			if at {
				VADDPS(f.left(i), shift, a[i])
			} else {
				VMOVUPS(f.left(i), a[i])
			}
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
	if at {
		VMOVUPS_Z(f.shifts(), reg.K1, shift)
	}
	for i := range rows {
		VMOVUPS_Z(f.left(i), reg.K1, a[i])
		if at {
			VADDPS(shift, a[i], a[i])
		}
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
