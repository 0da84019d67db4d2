package main

import "finetune/internal/neon"

// lanes is how many elements most functions on vectors take at once: two registers.
const lanes = 8

// A loop is a function of n elements, a multiple of what it takes at once.
type loop struct {
	*neon.Func
	n neon.R
}

func newLoop(f *neon.Func) loop { return loop{f, f.Arg("n")} }

// each runs the body once for each step of elements, at least once.
func (l loop) each(step int, body func()) {
	l.Label("next")
	body()
	l.Go("SUBS $%d, %s", step, l.n)
	l.Go("BNE next")
	l.Return()
}

// storeNext writes two vectors and moves the address behind them.
func (l loop) storeNext(to neon.R, v []neon.V) {
	l.Go("FSTPQ.P (F%d, F%d), 32(%s)", int(v[0]), int(v[1]), to)
}

// on writes an instruction with three operands, for each of two vectors.
func (l loop) on(name string, to, a, b []neon.V) {
	for i := range to {
		l.Op("%s %v.4s, %v.4s, %v.4s", name, to[i], a[i], b[i])
	}
}

// twice is a constant for both vectors.
func twice(v neon.V) []neon.V { return []neon.V{v, v} }

func add(file *neon.File) {
	l := newLoop(file.Func("addNEON", "func(n int, dst, a *float32)", "addNEON adds a to dst. n is a multiple of 8, above 0."))
	dst, a := l.Arg("dst"), l.Arg("a")
	x, y := l.Vecs(2), l.Vecs(2)
	l.each(lanes, func() {
		l.LoadAll(dst, x...)
		l.LoadNext(a, y...)
		l.on("fadd", x, x, y)
		l.storeNext(dst, x)
	})
}

func mul(file *neon.File) {
	l := newLoop(file.Func("mulNEON", "func(n int, dst, a, b *float32)",
		"mulNEON writes the products of a and b to dst. n is a multiple of 8, above 0."))
	dst, a, b := l.Arg("dst"), l.Arg("a"), l.Arg("b")
	x, y := l.Vecs(2), l.Vecs(2)
	l.each(lanes, func() {
		l.LoadNext(a, x...)
		l.LoadNext(b, y...)
		l.on("fmul", x, x, y)
		l.storeNext(dst, x)
	})
}

func mulSpread(file *neon.File) {
	l := newLoop(file.Func("mulSpreadNEON", "func(n int, dst, a, b *float32, stride int)",
		"mulSpreadNEON writes the products of a and b to dst, where vectors are stride elements apart. n is a multiple of 4, above 0."))
	dst, a, b, stride := l.Arg("dst"), l.Arg("a"), l.Arg("b"), l.Arg("stride")
	x, y := l.Vecs(1), l.Vecs(1)
	l.each(4, func() {
		l.LoadNext(a, x...)
		l.LoadNext(b, y...)
		l.on("fmul", x, x, y)
		l.StoreAll(dst, x...)
		l.Go("ADD %s<<2, %s", stride, dst)
	})
}

func sgd(file *neon.File) {
	l := newLoop(file.Func("sgdNEON", "func(n int, params, grads, velocity *float32, rate, momentum, decay float32)",
		"sgdNEON is a step of gradient descent with Nesterov momentum. n is a multiple of 8, above 0."))
	params, grads, velocity := l.Arg("params"), l.Arg("grads"), l.Arg("velocity")
	rate, momentum, decay := twice(l.Same("rate")), twice(l.Same("momentum")), twice(l.Same("decay"))
	p, g, v, next := l.Vecs(2), l.Vecs(2), l.Vecs(2), l.Vecs(2)
	l.each(lanes, func() {
		l.LoadAll(params, p...)
		l.LoadNext(grads, g...)
		l.LoadAll(velocity, v...)
		l.on("fmla", g, p, decay)
		for i := range g {
			l.Move(next[i], g[i])
		}
		l.on("fmla", next, v, momentum)
		l.storeNext(velocity, next)
		l.on("fmla", g, next, momentum)
		l.on("fmls", p, g, rate)
		l.storeNext(params, p)
	})
}

func adamW(file *neon.File) {
	l := newLoop(file.Func("adamWNEON", "func(n int, params, grads, mean, square, c *float32)",
		"adamWNEON is a step of AdamW. n is a multiple of 8, above 0."))
	params, grads, mean, square, c := l.Arg("params"), l.Arg("grads"), l.Arg("mean"), l.Arg("square"), l.Arg("c")
	var constants [8][]neon.V
	for i := range constants {
		v := l.Vec()
		l.Go("VLD1R.P 4(%s), [V%d.S4]", c, int(v))
		constants[i] = twice(v)
	}
	beta1, rest1, beta2, rest2, shrink, size, correct, epsilon := constants[0], constants[1], constants[2], constants[3],
		constants[4], constants[5], constants[6], constants[7]
	p, g, m, v, t := l.Vecs(2), l.Vecs(2), l.Vecs(2), l.Vecs(2), l.Vecs(2)
	l.each(lanes, func() {
		l.LoadNext(grads, g...)
		l.LoadAll(mean, m...)
		l.on("fmul", m, m, beta1)
		l.on("fmla", m, g, rest1)
		l.storeNext(mean, m)
		l.on("fmul", g, g, g)
		l.LoadAll(square, v...)
		l.on("fmul", v, v, beta2)
		l.on("fmla", v, g, rest2)
		l.storeNext(square, v)
		for i := range v {
			l.Op("fsqrt %v.4s, %v.4s", v[i], v[i])
			l.Move(t[i], epsilon[i])
		}
		l.on("fmla", t, v, correct)
		l.on("fmul", m, m, size)
		l.on("fdiv", m, m, t)
		l.LoadAll(params, p...)
		l.on("fmul", p, p, shrink)
		l.on("fsub", p, p, m)
		l.storeNext(params, p)
	})
}
