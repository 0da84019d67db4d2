package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	outerSignature   = "func(k int, a *float32, b *float32, ldb int, c *float32, ldc int)"
	outerAtSignature = "func(tiles, k int, a *float32, b *float32, rows *int, shift *float32, c *float32, ldc int)"
)

// A shape is a version of the outer kernel: a tile of rows × vectors registers, each of lanes elements.
type shape struct {
	name                 string
	rows, vectors, lanes int
	registers            []reg.VecPhysical
}

// Tiles as large as the registers allow, with rows for 8 classes in one or two tiles.
var (
	avx2   = shape{"AVX2", 4, 3, 8, y[:16]}
	avx512 = shape{"AVX512", 8, 3, 16, z[:]}
)

// An outerFrame holds the registers of an outer kernel.
type outerFrame struct {
	shape
	at                  bool // each row of b has a place of its own and is shifted
	k, a, b, c, ldc     reg.Register
	ldb                 reg.Register // without at
	places, shift       reg.Register // with at
	ahead               reg.Register // with at: bytes from the places of rows to those of rows that are read next
	left, right, shifts []reg.VecPhysical
}

// outer holds the tile of c in registers while k rank-1 updates are added.
func outer(f *outerFrame) {
	from := GP64()
	MOVQ(f.c, from)
	f.eachOfTile(from, func(memory operand.Mem, register reg.VecPhysical) { VMOVUPS(memory, register) })
	TESTQ(f.k, f.k)
	JZ(operand.LabelRef("store"))

	f.updates()

	Label("store")
	f.eachOfTile(f.c, func(memory operand.Mem, register reg.VecPhysical) { VMOVUPS(register, memory) })
	VZEROUPPER()
	RET()
}

// updates adds the products of k columns and rows, at least one, to the tile.
func (f *outerFrame) updates() {
	Label("update")
	f.loadRow()
	for i := range f.rows {
		value := f.left[i%len(f.left)]
		VBROADCASTSS(operand.Mem{Base: f.a, Disp: 4 * i}, value)
		for v := range f.vectors {
			VFMADD231PS(f.right[v], value, f.tile(i, v))
		}
	}
	ADDQ(operand.Imm(uint64(4*f.rows)), f.a)
	if f.at {
		ADDQ(operand.Imm(8), f.places)
	} else {
		ADDQ(f.ldb, f.b)
	}
	DECQ(f.k)
	JNZ(operand.LabelRef("update"))
}

// beginOuter declares the function, loads its arguments, turns strides into bytes and assigns the vector registers.
func beginOuter(s shape) *outerFrame {
	f := declareOuter(s, "outer"+s.name, outerSignature, fmt.Sprintf("adds to the %d × %d tile c the product of k packed columns of %d and k rows of b.",
		s.rows, s.vectors*s.lanes, s.rows))
	f.ldb = load("ldb")
	f.loadTile()
	SHLQ(operand.Imm(2), f.ldb)
	return f
}

// outerAt is outer for rows of b at their places, for tiles beside each other, of so many rows.
func outerAt(s shape, rows int) {
	s.rows = rows
	f := declareOuter(s, fmt.Sprintf("outerAt%sBy%d", s.name, rows), outerAtSignature,
		fmt.Sprintf("adds to tiles of %d × %d beside each other in c, at least one, the product of k packed columns of %d, at least one, and k "+
			"rows of b, shifted. It prefetches the same columns of k more rows of b.", rows, s.vectors*s.lanes, rows))
	f.at = true
	f.places, f.shift = load("rows"), load("shift")
	f.loadTile()
	tiles, bytes := load("tiles"), operand.U32(uint32(4*s.vectors*s.lanes))
	f.ahead = GP64()
	MOVQ(f.k, f.ahead)
	SHLQ(operand.Imm(3), f.ahead)
	shifted := len(f.left) > s.vectors // where registers are left for the shift
	if shifted {
		f.shifts, f.left = f.left[:s.vectors], f.left[s.vectors:]
	}
	first, firstA, firstPlace := f.c, f.a, f.places
	f.c, f.a, f.places = GP64(), GP64(), GP64()
	count := f.k
	f.k = GP64()

	Label("tile")
	for v := range f.shifts {
		VMOVUPS(f.vector(f.shift, v), f.shifts[v])
	}
	MOVQ(first, f.c)
	f.eachOfTile(f.c, func(memory operand.Mem, register reg.VecPhysical) { VMOVUPS(memory, register) })
	MOVQ(firstA, f.a)
	MOVQ(firstPlace, f.places)
	MOVQ(count, f.k)
	f.updates()
	MOVQ(first, f.c)
	f.eachOfTile(f.c, func(memory operand.Mem, register reg.VecPhysical) { VMOVUPS(register, memory) })
	ADDQ(bytes, first)
	ADDQ(bytes, f.b)
	ADDQ(bytes, f.shift)
	DECQ(tiles)
	JNZ(operand.LabelRef("tile"))
	VZEROUPPER()
	RET()
}

func declareOuter(s shape, name, signature, does string) *outerFrame {
	TEXT(name, 0, signature)
	Pragma("noescape")
	Doc(name + " " + does)
	f := &outerFrame{shape: s, k: load("k"), a: load("a"), b: load("b")}
	free := s.registers[s.rows*s.vectors:]
	f.right, f.left = free[:s.vectors], free[s.vectors:]
	return f
}

// loadTile loads the address and the stride of c.
func (f *outerFrame) loadTile() {
	f.c, f.ldc = load("c"), load("ldc")
	SHLQ(operand.Imm(2), f.ldc)
}

func (f *outerFrame) tile(i, v int) reg.VecPhysical { return f.registers[i*f.vectors+v] }

func (f *outerFrame) vector(base reg.Register, v int) operand.Mem {
	return operand.Mem{Base: base, Disp: 4 * f.lanes * v}
}

// eachOfTile calls move for each vector of the tile of c, and leaves base at its last row.
func (f *outerFrame) eachOfTile(base reg.Register, move func(memory operand.Mem, register reg.VecPhysical)) {
	for i := range f.rows {
		for v := range f.vectors {
			move(f.vector(base, v), f.tile(i, v))
		}
		if i+1 < f.rows {
			ADDQ(f.ldc, base)
		}
	}
}

// loadRow loads the next row of b.
func (f *outerFrame) loadRow() {
	if f.at {
		row := GP64()
		MOVQ(operand.Mem{Base: f.places}, row)
		for v := range f.vectors {
			from := operand.Mem{Base: f.b, Index: row, Scale: 4, Disp: 4 * f.lanes * v}
			if f.shifts != nil {
				VADDPS(from, f.shifts[v], f.right[v])
				continue
			}
			VMOVUPS(from, f.right[v])
			VADDPS(f.vector(f.shift, v), f.right[v], f.right[v])
		}
		MOVQ(operand.Mem{Base: f.places, Index: f.ahead, Scale: 1}, row)
		for line := 0; line < 4*f.vectors*f.lanes; line += 64 {
			PREFETCHT1(operand.Mem{Base: f.b, Index: row, Scale: 4, Disp: line})
		}
		return
	}
	for v := range f.vectors {
		VMOVUPS(f.vector(f.b, v), f.right[v])
	}
	Comment("The strip beside this one is read next; rows far apart escape the processor's own prefetching.")
	for line := 0; line < 4*f.vectors*f.lanes; line += 64 {
		PREFETCHT0(operand.Mem{Base: f.b, Disp: 4*f.vectors*f.lanes + line})
	}
}
