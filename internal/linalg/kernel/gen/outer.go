package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const outerSignature = "func(k int, a *float32, b *float32, ldb int, c *float32, ldc int)"

// A shape is a version of the outer kernel: a tile of rows × vectors registers, each of lanes elements.
type shape struct {
	name                 string
	rows, vectors, lanes int
	registers            []reg.VecPhysical
}

// Tiles as large as the registers allow, with rows for 8 classes in one or two tiles.
var (
	avx2   = shape{"outerAVX2", 4, 3, 8, y[:16]}
	avx512 = shape{"outerAVX512", 8, 3, 16, z[:]}
)

// outer holds the tile of c in registers while k rank-1 updates are added.
func outer(s shape) {
	TEXT(s.name, 0, outerSignature)
	Pragma("noescape")
	cols := s.vectors * s.lanes
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the product of k packed columns of %d and k rows of b.", s.name, s.rows, cols, s.rows))
	k, a, b, ldb := Load(Param("k"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("ldb"), GP64())
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(operand.Imm(2), ldb)
	SHLQ(operand.Imm(2), ldc)

	tile := func(i, v int) reg.VecPhysical { return s.registers[i*s.vectors+v] }
	vector := func(base reg.Register, v int) operand.Mem { return operand.Mem{Base: base, Disp: 4 * s.lanes * v} }
	free := s.registers[s.rows*s.vectors:]
	right, left := free[:s.vectors], free[s.vectors:]

	at := GP64()
	MOVQ(c, at)
	for i := range s.rows {
		for v := range s.vectors {
			VMOVUPS(vector(at, v), tile(i, v))
		}
		if i+1 < s.rows {
			ADDQ(ldc, at)
		}
	}
	TESTQ(k, k)
	JZ(operand.LabelRef("store"))

	Label("update")
	for v := range s.vectors {
		VMOVUPS(vector(b, v), right[v])
	}
	Comment("The strip beside this one is read next; rows far apart escape the processor's own prefetching.")
	for line := 0; line < 4*cols; line += 64 {
		PREFETCHT0(operand.Mem{Base: b, Disp: 4*cols + line})
	}
	for i := range s.rows {
		value := left[i%len(left)]
		VBROADCASTSS(operand.Mem{Base: a, Disp: 4 * i}, value)
		for v := range s.vectors {
			VFMADD231PS(right[v], value, tile(i, v))
		}
	}
	ADDQ(operand.Imm(uint64(4*s.rows)), a)
	ADDQ(ldb, b)
	DECQ(k)
	JNZ(operand.LabelRef("update"))

	Label("store")
	for i := range s.rows {
		for v := range s.vectors {
			VMOVUPS(tile(i, v), vector(c, v))
		}
		if i+1 < s.rows {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}
