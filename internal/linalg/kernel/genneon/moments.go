package main

import "finetune/internal/neon"

// doubled reads four numbers of float32 and returns them in float64, two vectors.
func (l loop) doubled(from neon.R) []neon.V {
	v := l.Vecs(2)
	l.LoadNext(from, v[1])
	l.Op("fcvtl %v.2d, %v.2s", v[0], v[1])
	l.Op("fcvtl2 %v.2d, %v.4s", v[1], v[1])
	return v
}

// wide is on for numbers of float64.
func (l loop) wide(name string, to, a, b []neon.V) {
	for i := range to {
		l.Op("%s %v.2d, %v.2d, %v.2d", name, to[i], a[i], b[i])
	}
}

func standardise(file *neon.File) {
	l := newLoop(file.Func("standardiseNEON", "func(n int, dst, a *float32, mean, inverse *float64, scale float64)",
		"standardiseNEON writes scale·inverse·(a − mean) to dst, computed in float64. n is a multiple of 4, above 0."))
	dst, a, mean, inverse, scale := l.Arg("dst"), l.Arg("a"), l.Arg("mean"), l.Arg("inverse"), l.Same("scale")
	factor, middle := l.Vecs(2), l.Vecs(2)
	l.each(4, func() {
		v := l.doubled(a)
		l.LoadNext(inverse, factor...)
		l.LoadNext(mean, middle...)
		l.wide("fmul", factor, factor, twice(scale))
		l.wide("fsub", v, v, middle)
		l.wide("fmul", v, v, factor)
		l.Op("fcvtn %v.2s, %v.2d", v[0], v[0])
		l.Op("fcvtn2 %v.4s, %v.2d", v[0], v[1])
		l.Go("FMOVQ.P F%d, 16(%s)", int(v[0]), dst)
	})
}

func moments(file *neon.File) {
	l := newLoop(file.Func("momentsNEON", "func(n int, a, origin *float32, mean, squares *float64, weight float64)",
		"momentsNEON adds weight times a − origin to mean, and weight times its square to squares. n is a multiple of 4, above 0."))
	a, origin, mean, squares, weight := l.Arg("a"), l.Arg("origin"), l.Arg("mean"), l.Arg("squares"), l.Same("weight")
	sum, weighted := l.Vecs(2), l.Vecs(2)
	l.each(4, func() {
		v, from := l.doubled(a), l.doubled(origin)
		l.wide("fsub", v, v, from)
		l.wide("fmul", weighted, v, twice(weight))
		l.LoadAll(mean, sum...)
		l.wide("fadd", sum, sum, weighted)
		l.storeNext(mean, sum)
		l.wide("fmul", weighted, weighted, v)
		l.LoadAll(squares, sum...)
		l.wide("fadd", sum, sum, weighted)
		l.storeNext(squares, sum)
	})
}
