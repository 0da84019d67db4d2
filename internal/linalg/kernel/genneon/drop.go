package main

import "finetune/internal/neon"

// What package kernel's drawPlain says, and how many elements share a round of it: one 32-bit number for two of them.
const (
	weyl      = 0x9e3779b9
	mixFirst  = 0x85ebca6b
	mixSecond = 0xc2b2ae35
	drawn     = 32
)

func drop(file *neon.File) {
	var steps []uint32 // the first multiples of weyl, and the constants
	for i := range uint32(drawn / 2) {
		steps = append(steps, weyl*i)
	}
	weylAll := uint32(weyl * drawn / 2 & 0xffffffff)
	file.Table("steps", append(steps, mixFirst, mixSecond, weylAll, 0xffff)...)

	l := newLoop(file.Func("dropNEON", "func(n int, dst, a, shift *float32, scale float32, kept, low, high uint32)",
		"dropNEON writes (a + shift)·scale to dst where a draw is below kept, and 0 elsewhere. n is a multiple of 32, above 0."))
	dst, a, shift := l.Arg("dst"), l.Arg("a"), l.Arg("shift")
	scale, kept, low, high := l.Same("scale"), l.Same("kept"), l.Same("low"), l.Same("high")
	table := l.Address("steps")
	at := l.Vecs(drawn / 8) // low plus multiples of weyl
	l.LoadNext(table, at...)
	for _, v := range at {
		l.Op("add %v.4s, %v.4s, %v.4s", v, v, low)
	}
	constants := l.Vecs(4)
	for _, v := range constants {
		l.Go("VLD1R.P 4(%s), [V%d.S4]", table, int(v))
	}
	first, second, step, half := constants[0], constants[1], constants[2], constants[3]
	bits, t := l.Vec(), l.Vec()

	xor := func(other neon.V) { l.Op("eor %v.16b, %v.16b, %v.16b", bits, bits, other) }
	shifted := func(by int) { // bits ^= bits >> by
		l.Op("ushr %v.4s, %v.4s, #%d", t, bits, by)
		xor(t)
	}
	v, s := l.Vec(), l.Vec()
	// keep writes the elements that the draws in t are for.
	keep := func(further int) {
		l.Op("cmhi %v.4s, %v.4s, %v.4s", t, kept, t)
		l.Load(v, a, 4*further)
		l.Load(s, shift, 4*further)
		l.Op("fadd %v.4s, %v.4s, %v.4s", v, v, s)
		l.Op("and %v.16b, %v.16b, %v.16b", v, v, t)
		l.Op("fmul %v.4s, %v.4s, %v.4s", v, v, scale)
		l.Store(v, dst, 4*further)
	}
	l.each(drawn, func() {
		for i, x := range at {
			l.Op("ushr %v.4s, %v.4s, #16", bits, x)
			xor(x)
			l.Op("add %v.4s, %v.4s, %v.4s", x, x, step)
			l.Op("mul %v.4s, %v.4s, %v.4s", bits, bits, first)
			xor(high)
			shifted(13)
			l.Op("mul %v.4s, %v.4s, %v.4s", bits, bits, second)
			shifted(16)
			l.Op("and %v.16b, %v.16b, %v.16b", t, bits, half)
			keep(4 * i)
			l.Op("ushr %v.4s, %v.4s, #16", t, bits)
			keep(drawn/2 + 4*i)
		}
		for _, r := range []neon.R{a, shift, dst} {
			l.Go("ADD $%d, %s", 4*drawn, r)
		}
	})
}
