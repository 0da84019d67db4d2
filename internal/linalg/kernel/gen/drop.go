package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What package kernel's drawPlain says, and how many elements share a round of it: one 32-bit number for two of them.
const (
	weyl      = 0x9e3779b9
	mixFirst  = 0x85ebca6b
	mixSecond = 0xc2b2ae35
	drawn     = 32
)

// steps is a table of the first multiples of weyl.
var steps operand.Mem

func weylTable() {
	steps = GLOBL("steps", 8|16) // RODATA, NOPTR
	for i := range drawn / 2 {
		DATA(4*i, operand.U32(uint32(weyl*i)))
	}
}

func drop(w lanesOf) {
	l := beginLoop("drop", "func(n int, dst, a, shift *float32, scale float32, kept, low, high uint32)",
		"writes (a + shift)·scale to dst where a draw is below kept, and 0 elsewhere.", w, drawn, "dst", "a", "shift")
	r := w.registers
	next := func() reg.VecPhysical { v := r[0]; r = r[1:]; return v }
	value := func(v uint32) reg.VecPhysical {
		register, number := next(), GP32()
		MOVL(operand.U32(v), number)
		VMOVD(number, register.AsX())
		VPBROADCASTD(register.AsX(), register)
		return register
	}
	param := func(name string) reg.VecPhysical {
		register := next()
		l.constant(name, register)
		return register
	}
	first, second, step := value(mixFirst), value(mixSecond), value(uint32(weyl*drawn/2&0xffffffff))
	scale, kept, high := param("scale"), param("kept"), param("high")
	var at []reg.VecPhysical // low plus multiples of weyl
	for i := 0; i < drawn/2; i += w.count {
		v := param("low")
		table := steps
		table.Disp = 4 * i
		VPADDD(table, v, v)
		at = append(at, v)
	}
	bits, t := next(), next()

	wide := w.count == 16
	xor := VPXOR
	if wide {
		xor = func(a, b, to operand.Op) { VPXORD(a, b, to) }
	}
	shifted := func(by int) { // bits ^= bits >> by
		VPSRLD(operand.Imm(uint64(by)), bits, t)
		xor(t, bits, bits)
	}
	// keep writes the elements that the draws in t are for.
	keep := func(further int) {
		v := r[0]
		if wide {
			VPCMPUD(operand.Imm(1), kept, t, reg.K1) // less than
			VMOVUPS(l.memAt("a", further), v)
			VADDPS_Z(l.memAt("shift", further), v, reg.K1, v)
		} else {
			VPCMPGTD(t, kept, t)
			VMOVUPS(l.memAt("a", further), v)
			VADDPS(l.memAt("shift", further), v, v)
			VANDPS(t, v, v)
		}
		VMULPS(scale, v, v)
		VMOVUPS(v, l.memAt("dst", further))
	}
	l.each(func() {
		for i, x := range at {
			VPSRLD(operand.Imm(16), x, bits)
			xor(x, bits, bits)
			VPADDD(step, x, x)
			VPMULLD(first, bits, bits)
			xor(high, bits, bits)
			shifted(13)
			VPMULLD(second, bits, bits)
			shifted(16)
			VPSLLD(operand.Imm(16), bits, t)
			VPSRLD(operand.Imm(16), t, t)
			keep(i * w.count)
			VPSRLD(operand.Imm(16), bits, t)
			keep(drawn/2 + i*w.count)
		}
	})
}
