package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The vector registers by number. They are assigned by hand, because AVX instructions reach the first 16 only.
var (
	y = views(func(v reg.VecPhysical) reg.Register { return v.AsY() })
	z = views(func(v reg.VecPhysical) reg.Register { return v.AsZ() })
)

func views(as func(reg.VecPhysical) reg.Register) []reg.VecPhysical {
	all := []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
	for i, v := range all {
		all[i] = as(v).(reg.VecPhysical)
	}
	return all
}

// masks is a table whose eight elements from number 8-n on are n set ones and zeros after them.
var masks operand.Mem

func maskTable() {
	masks = GLOBL("masks", 8|16) // RODATA, NOPTR
	for i := range 8 {
		DATA(4*i, operand.U32(0xffffffff))
	}
	for i := range 8 {
		DATA(32+4*i, operand.U32(0))
	}
}
