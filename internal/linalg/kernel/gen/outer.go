package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	outerSignature   = "func(k int, a *float32, b *float32, ldb int, c *float32, ldc int)"
	outerAtSignature = "func(k int, a *float32, b *float32, rows *int, shift *float32, c *float32, ldc int)"
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
	left, right, shifts []reg.VecPhysical
}

// outer holds the tile of c in registers while k rank-1 updates are added.
func outer(s shape, at bool) {
	f := beginOuter(s, at)
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
	ADDQ(operand.Imm(uint64(4*f.shape.rows)), f.a)
	if f.at {
		ADDQ(operand.Imm(8), f.places)
	} else {
		ADDQ(f.ldb, f.b)
	}
	DECQ(f.k)
	JNZ(operand.LabelRef("update"))
}

// beginOuter declares the function, loads its arguments, turns strides into bytes and assigns the vector registers.
func beginOuter(s shape, at bool) *outerFrame {
	name, signature, end := "outer"+s.name, outerSignature, "."
	if at {
		name, signature, end = "outerAt"+s.name, outerAtSignature, ", shifted."
	}
	TEXT(name, 0, signature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the product of k packed columns of %d and k rows of b%s",
		name, s.rows, s.vectors*s.lanes, s.rows, end))
	f := &outerFrame{shape: s, at: at, k: load("k"), a: load("a"), b: load("b")}
	if at {
		f.places, f.shift = load("rows"), load("shift")
	} else {
		f.ldb = load("ldb")
	}
	f.c, f.ldc = load("c"), load("ldc")
	if !at {
		SHLQ(operand.Imm(2), f.ldb)
	}
	SHLQ(operand.Imm(2), f.ldc)
	free := s.registers[s.rows*s.vectors:]
	f.right, f.left = free[:s.vectors], free[s.vectors:]
	if at && len(f.left) > s.vectors { // where registers are left for the shift
		f.shifts, f.left = f.left[:s.vectors], f.left[s.vectors:]
		for v := range s.vectors {
			VMOVUPS(f.vector(f.shift, v), f.shifts[v])
		}
	}
	return f
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
