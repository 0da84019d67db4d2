package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanesOf are the vector registers of a width, of which functions on vectors use fewer than 16.
type lanesOf struct {
	name      string
	count     int
	registers []reg.VecPhysical
}

var widths = []lanesOf{{"AVX2", 8, y[:16]}, {"AVX512", 16, z[:16]}}

// A loop is a function of n elements, a multiple of the step, over vectors in memory.
type loop struct {
	w       lanesOf
	step    int
	n, at   reg.GPVirtual
	vectors map[string]reg.GPVirtual
}

func beginLoop(name, signature, doc string, w lanesOf, step int, vectors ...string) loop {
	TEXT(name+w.name, 0, signature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s%s %s n is a multiple of %d.", name, w.name, doc, step))
	l := loop{w: w, step: step, n: Load(Param("n"), GP64()).(reg.GPVirtual), at: GP64(), vectors: map[string]reg.GPVirtual{}}
	for _, v := range vectors {
		l.vectors[v] = Load(Param(v), GP64()).(reg.GPVirtual)
	}
	XORQ(l.at, l.at)
	return l
}

// constant fills a register with a parameter.
func (l loop) constant(param string, register reg.VecPhysical) {
	at, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(at.Addr, register)
}

func (l loop) mem(vector string) operand.Mem { return l.memAt(vector, 0) }

// memAt is mem so many elements further on.
func (l loop) memAt(vector string, further int) operand.Mem {
	return operand.Mem{Base: l.vectors[vector], Index: l.at, Scale: 4, Disp: 4 * further}
}

// each runs the body once for each step of elements.
func (l loop) each(body func()) {
	SUBQ(operand.Imm(uint64(l.step)), l.n)
	JL(operand.LabelRef("done"))
	Label("next")
	body()
	ADDQ(operand.Imm(uint64(l.step)), l.at)
	SUBQ(operand.Imm(uint64(l.step)), l.n)
	JGE(operand.LabelRef("next"))
	Label("done")
	VZEROUPPER()
	RET()
}

func add(w lanesOf) {
	l := beginLoop("add", "func(n int, dst, a *float32)", "adds a to dst.", w, w.count, "dst", "a")
	v := w.registers[0]
	l.each(func() {
		VMOVUPS(l.mem("dst"), v)
		VADDPS(l.mem("a"), v, v)
		VMOVUPS(v, l.mem("dst"))
	})
}

func mul(w lanesOf) {
	l := beginLoop("mul", "func(n int, dst, a, b *float32)", "writes the products of a and b to dst.", w, w.count, "dst", "a", "b")
	v := w.registers[0]
	l.each(func() {
		VMOVUPS(l.mem("a"), v)
		VMULPS(l.mem("b"), v, v)
		VMOVUPS(v, l.mem("dst"))
	})
}

func mulSpread(w lanesOf) {
	l := beginLoop("mulSpread", "func(n int, dst, a, b *float32, stride int)",
		"writes the products of a and b to dst, where vectors are stride elements apart.", w, w.count, "dst", "a", "b")
	stride, v := load("stride"), w.registers[0]
	SHLQ(operand.Imm(2), stride)
	l.each(func() {
		VMOVUPS(l.mem("a"), v)
		VMULPS(l.mem("b"), v, v)
		VMOVUPS(v, operand.Mem{Base: l.vectors["dst"]})
		ADDQ(stride, l.vectors["dst"])
	})
}

func sgd(w lanesOf) {
	l := beginLoop("sgd", "func(n int, params, grads, velocity *float32, rate, momentum, decay float32)",
		"is a step of gradient descent with Nesterov momentum.", w, w.count, "params", "grads", "velocity")
	rate, momentum, decay := w.registers[0], w.registers[1], w.registers[2]
	l.constant("rate", rate)
	l.constant("momentum", momentum)
	l.constant("decay", decay)
	p, g, v := w.registers[3], w.registers[4], w.registers[5]
	l.each(func() {
		VMOVUPS(l.mem("params"), p)
		VMOVUPS(l.mem("grads"), g)
		VMOVUPS(l.mem("velocity"), v)
		VFMADD231PS(p, decay, g)
		VFMADD213PS(g, momentum, v)
		VMOVUPS(v, l.mem("velocity"))
		VFMADD231PS(v, momentum, g)
		VFNMADD231PS(g, rate, p)
		VMOVUPS(p, l.mem("params"))
	})
}

func adamW(w lanesOf) {
	l := beginLoop("adamW", "func(n int, params, grads, mean, square *float32, c *float32)",
		"is a step of AdamW.", w, w.count, "params", "grads", "mean", "square", "c")
	r := w.registers
	constants := r[:8]
	for i, c := range constants {
		VBROADCASTSS(operand.Mem{Base: l.vectors["c"], Disp: 4 * i}, c)
	}
	beta1, rest1, beta2, rest2, shrink, size, correct, epsilon := r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
	p, g, m, v, t := r[8], r[9], r[10], r[11], r[12]
	l.each(func() {
		VMOVUPS(l.mem("grads"), g)
		VMULPS(l.mem("mean"), beta1, m)
		VFMADD231PS(g, rest1, m)
		VMOVUPS(m, l.mem("mean"))
		VMULPS(g, g, g)
		VMULPS(l.mem("square"), beta2, v)
		VFMADD231PS(g, rest2, v)
		VMOVUPS(v, l.mem("square"))
		VSQRTPS(v, t)
		VFMADD213PS(epsilon, correct, t)
		VMULPS(m, size, m)
		VDIVPS(t, m, m)
		VMULPS(l.mem("params"), shrink, p)
		VSUBPS(m, p, p)
		VMOVUPS(p, l.mem("params"))
	})
}
