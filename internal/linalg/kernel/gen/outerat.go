package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const outerAtSignature = "func(k int, a *float32, b *float32, rows *int, shift *float32, c *float32, ldc int)"

// outerAt is outer for rows of b at their places, and shifted.
func outerAt(name string, s shape) {
	TEXT(name, 0, outerAtSignature)
	Pragma("noescape")
	cols := s.vectors * s.lanes
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the product of k packed columns of %d and k rows of b, shifted.", name, s.rows, cols, s.rows))
	k, a, b, rows := Load(Param("k"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("rows"), GP64())
	shift, c, ldc := Load(Param("shift"), GP64()), Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(operand.Imm(2), ldc)

	tile := func(i, v int) reg.VecPhysical { return s.registers[i*s.vectors+v] }
	vector := func(base reg.Register, v int) operand.Mem { return operand.Mem{Base: base, Disp: 4 * s.lanes * v} }
	free := s.registers[s.rows*s.vectors:]
	right, left := free[:s.vectors], free[s.vectors:]
	var shifts []reg.VecPhysical // where registers are left for them
	if len(left) > s.vectors {
		shifts, left = left[:s.vectors], left[s.vectors:]
		for v := range s.vectors {
			VMOVUPS(vector(shift, v), shifts[v])
		}
	}

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
	row := GP64()
	MOVQ(operand.Mem{Base: rows}, row)
	for v := range s.vectors {
		from := operand.Mem{Base: b, Index: row, Scale: 4, Disp: 4 * s.lanes * v}
		if shifts != nil {
			VADDPS(from, shifts[v], right[v])
			continue
		}
		VMOVUPS(from, right[v])
		VADDPS(vector(shift, v), right[v], right[v])
	}
	for i := range s.rows {
		value := left[i%len(left)]
		VBROADCASTSS(operand.Mem{Base: a, Disp: 4 * i}, value)
		for v := range s.vectors {
			VFMADD231PS(right[v], value, tile(i, v))
		}
	}
	ADDQ(operand.Imm(uint64(4*s.rows)), a)
	ADDQ(operand.Imm(8), rows)
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
