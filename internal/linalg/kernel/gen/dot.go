package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	dotSignature   = "func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)"
	dotAtSignature = "func(tiles, k int, a *float32, rows *int, shift *float32, b *float32, c *float32, ldc int)"
)

// dotCols is the largest number of rows of b, which is that of the columns of c. It is that of all tiles but those of
// dotAt, which come in every width up to it.
const dotCols = 4

// A dotFrame holds the registers that all versions of the dot kernel share.
type dotFrame struct {
	rows, cols, lanes int
	at                bool // each row of a has a place of its own and is shifted, and b is packed
	k, c, ldc         reg.GPVirtual

	a, b rows // without at

	packed reg.GPVirtual   // with at: b
	offset reg.GPVirtual   // with at: bytes from the start of the rows of a and of shift
	places []reg.GPVirtual // the tile's rows of a, then those to prefetch

	tiles, firstPlace, firstResult operand.Mem // with at: tiles left, places in rows and in c of the one under way
	shift                          reg.GPVirtual
}

func load(param string) reg.GPVirtual { return Load(Param(param), GP64()).(reg.GPVirtual) }

// beginDot declares the function, loads its arguments and turns strides into bytes.
func beginDot(instructions string, tileRows, lanes int) dotFrame {
	name := "dot" + instructions
	TEXT(name, 0, dotSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the dot products of %d rows of a with %d rows of b.",
		name, tileRows, dotCols, tileRows, dotCols))
	f := dotFrame{rows: tileRows, cols: dotCols, lanes: lanes}
	f.k = load("k")
	f.loadTile()
	f.a, f.b = newRows(load("a"), load("lda"), 2*tileRows), newRows(load("b"), load("ldb"), dotCols)
	return f
}

// beginDotAt is beginDot for rows of a at their places and cols packed rows of b, for tiles below each other.
func beginDotAt(instructions string, tileRows, cols, lanes int) dotFrame {
	name := fmt.Sprintf("dotAt%sBy%d", instructions, cols)
	TEXT(name, 0, dotAtSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to tiles of %d × %d below each other in c, at least one, the dot products of rows of a, shifted, with %d packed "+
		"rows of b. It prefetches the %d rows of a that follow.", name, tileRows, cols, cols, tileRows))
	f := dotFrame{rows: tileRows, cols: cols, lanes: lanes, at: true}
	f.tiles, f.firstPlace, f.firstResult = AllocLocal(8), AllocLocal(8), AllocLocal(8) // registers are few
	MOVQ(load("tiles"), f.tiles)
	MOVQ(load("rows"), f.firstPlace)
	MOVQ(load("c"), f.firstResult)

	Label("tile")
	f.offset = GP64()
	base, places := load("a"), GP64()
	MOVQ(f.firstPlace, places)
	for i := range 2 * tileRows {
		row := GP64()
		MOVQ(operand.Mem{Base: places, Disp: 8 * i}, row)
		LEAQ(operand.Mem{Base: base, Index: row, Scale: 4}, row)
		f.places = append(f.places, row)
	}
	f.k, f.shift, f.packed = load("k"), load("shift"), load("b")
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

// right is the address in row j of b.
func (f *dotFrame) right(j int) operand.Mem {
	if f.at {
		return operand.Mem{Base: f.packed, Disp: 4 * f.lanes * j}
	}
	return f.b.row(j)
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
		ADDQ(operand.U32(uint32(4*f.lanes*f.cols)), f.packed)
	} else {
		ADDQ(bytes, f.a.base)
		ADDQ(bytes, f.b.base)
	}
	SUBQ(operand.Imm(uint64(f.lanes)), f.k)
	JMP(operand.LabelRef("vector"))
	Label("tail")
	TESTQ(f.k, f.k)
	JZ(operand.LabelRef("reduce"))
}

// finish adds the sums, of which the low halves are left, to c.
func (f *dotFrame) finish() {
	if f.at { // not before: all registers were taken
		f.ldc = load("ldc")
		f.c = GP64()
		SHLQ(operand.Imm(2), f.ldc)
		MOVQ(f.firstResult, f.c)
	}
	for i := range f.rows {
		f.reduce(i)
	}
	if f.at {
		ADDQ(f.ldc, f.c)
		MOVQ(f.c, f.firstResult)
		ADDQ(operand.Imm(uint64(8*f.rows)), f.firstPlace)
		DECQ(f.tiles)
		JNZ(operand.LabelRef("tile"))
	}
	VZEROUPPER()
	RET()
}

// reduce adds the lanes of each of the sums of a row of c, low half and high half being summed last, and adds them to
// c. Where there are fewer than four, the others are zeros.
func (f *dotFrame) reduce(i int) {
	sum := func(j int) reg.VecPhysical { return y[i*dotCols+j] }
	VHADDPS(sum(1), sum(0), sum(0))
	if f.cols > 2 {
		VHADDPS(sum(3), sum(2), sum(2))
	}
	VHADDPS(sum(2), sum(0), sum(0))
	VEXTRACTF128(operand.Imm(1), sum(0), sum(1).AsX())
	VADDPS(sum(1).AsX(), sum(0).AsX(), sum(0).AsX())
	f.addToTile(sum(0).AsX(), sum(1).AsX())
	if i+1 < f.rows {
		ADDQ(f.ldc, f.c)
	}
}

// addToTile adds the first elements of sums to a row of c and touches nothing beside them.
func (f *dotFrame) addToTile(sums, old reg.Register) {
	low, high := operand.Mem{Base: f.c}, operand.Mem{Base: f.c, Disp: 8}
	switch f.cols {
	case 4:
		VADDPS(low, sums, sums)
		VMOVUPS(sums, low)
		return
	case 3:
		VMOVSD(low, old)
		VINSERTPS(operand.Imm(0x20), high, old, old)
	case 2:
		VMOVSD(low, old)
	case 1:
		VMOVSS(low, old)
	}
	VADDPS(old, sums, sums)
	if f.cols == 1 {
		VMOVSS(sums, low)
		return
	}
	VMOVLPS(sums, low)
	if f.cols == 3 {
		VEXTRACTPS(operand.Imm(2), sums, high)
	}
}

// dotAVX2 keeps up to 3 × 4 sums in Y0 to Y11; 16 registers hold no larger tile.
func dotAVX2(f dotFrame) {
	sums, a, b := y[:12], y[12:15], y[15]
	for _, s := range sums {
		VXORPS(s, s, s)
	}
	f.loop(func() {
		for i := range f.rows {
			VMOVUPS(f.left(i), a[i])
			if f.at {
				VADDPS(f.shifts(), a[i], a[i])
			}
		}
		for j := range f.cols {
			VMOVUPS(f.right(j), b)
			for i := range f.rows {
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
	if f.at {
		VMASKMOVPS(f.shifts(), mask, shift)
	}
	for j := range f.cols {
		VMASKMOVPS(f.right(j), mask, right)
		for i := range f.rows {
			VMASKMOVPS(f.left(i), mask, left)
			if f.at {
				VADDPS(shift, left, left)
			}
			VFMADD231PS(right, left, sums[i*dotCols+j])
		}
	}
	Label("reduce")
	f.finish()
}

// dotAVX512 keeps up to 4 × 4 sums in Z0 to Z15, where the reduction can reach them with AVX instructions.
func dotAVX512(f dotFrame) {
	sums, a, b, shift := z[:16], z[16:20], z[20:24], z[24]
	for _, s := range sums {
		VPXORQ(s, s, s)
	}
	multiply := func() {
		for j := range f.cols {
			for i := range f.rows {
				VFMADD231PS(b[j], a[i], sums[i*dotCols+j])
			}
		}
	}
	f.loop(func() {
		if f.at {
			VMOVUPS(f.shifts(), shift)
		}
		for i := range f.rows {
			if f.at {
				VADDPS(f.left(i), shift, a[i])
			} else {
				VMOVUPS(f.left(i), a[i])
			}
		}
		for j := range f.cols {
			VMOVUPS(f.right(j), b[j])
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
	if f.at {
		VMOVUPS_Z(f.shifts(), reg.K1, shift)
	}
	for i := range f.rows {
		VMOVUPS_Z(f.left(i), reg.K1, a[i])
		if f.at {
			VADDPS(shift, a[i], a[i])
		}
	}
	for j := range f.cols {
		VMOVUPS_Z(f.right(j), reg.K1, b[j])
	}
	multiply()

	Label("reduce")
	half := y[16]
	for i, s := range sums {
		if i%dotCols < f.cols && i/dotCols < f.rows {
			VEXTRACTF64X4(operand.Imm(1), s, half)
			VADDPS(half, y[i], y[i])
		}
	}
	f.finish()
}
