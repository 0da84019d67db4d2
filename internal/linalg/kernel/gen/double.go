package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const doubleSignature = "func(k int, a *float64, b *float64, ldb int, c *float64, ldc int)"

// The tiles of the float64 kernel: as many registers as the float32 kernel has, of half as many elements each.
var (
	doubleAVX2   = shape{"doubleAVX2", 4, 3, 4, y[:16]}
	doubleAVX512 = shape{"doubleAVX512", 8, 3, 8, z[:]}
)

// double holds the tile of c in registers while k rank-1 updates are added.
func double(s shape) {
	TEXT(s.name, 0, doubleSignature)
	Pragma("noescape")
	cols := s.vectors * s.lanes
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the product of k packed columns of %d and k rows of b.", s.name, s.rows, cols, s.rows))
	k, a, b, ldb := Load(Param("k"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("ldb"), GP64())
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(operand.Imm(3), ldb)
	SHLQ(operand.Imm(3), ldc)

	tile := func(i, v int) reg.VecPhysical { return s.registers[i*s.vectors+v] }
	vector := func(base reg.Register, v int) operand.Mem { return operand.Mem{Base: base, Disp: 8 * s.lanes * v} }
	free := s.registers[s.rows*s.vectors:]
	right, left := free[:s.vectors], free[s.vectors:]

	at := GP64()
	MOVQ(c, at)
	for i := range s.rows {
		for v := range s.vectors {
			VMOVUPD(vector(at, v), tile(i, v))
		}
		if i+1 < s.rows {
			ADDQ(ldc, at)
		}
	}
	Label("update")
	for v := range s.vectors {
		VMOVUPD(vector(b, v), right[v])
	}
	for i := range s.rows {
		value := left[i%len(left)]
		VBROADCASTSD(operand.Mem{Base: a, Disp: 8 * i}, value)
		for v := range s.vectors {
			VFMADD231PD(right[v], value, tile(i, v))
		}
	}
	ADDQ(operand.Imm(uint64(8*s.rows)), a)
	ADDQ(ldb, b)
	DECQ(k)
	JNZ(operand.LabelRef("update"))

	for i := range s.rows {
		for v := range s.vectors {
			VMOVUPD(tile(i, v), vector(c, v))
		}
		if i+1 < s.rows {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}
