package kernel

import "testing"

// BenchmarkKernels runs every loop of every implementation on data in the first caches. products/op is the number of
// multiplications with an addition, elements/op the length of vectors.
func BenchmarkKernels(b *testing.B) {
	const k, length = 256, 2048
	run := func(loop, kernel, unit string, work int, f func()) {
		b.Run(loop+"/"+kernel, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(work), unit)
		})
	}
	left, right, result := make([]float32, 1<<14), make([]float32, 1<<14), make([]float32, 1<<10)
	sums := make([]float64, 1<<10)
	wideLeft, wideRight := make([]float64, 1<<13), make([]float64, 1<<13)
	for _, o := range All() {
		tile := func(loop string, rows, cols int, f func()) { run(loop, o.Name, "products/op", k*rows*cols, f) }
		places, rows := make([]int, 2*o.DotRows), make([]int, 2*k)
		for i := range places {
			places[i] = i * k
		}
		for i := range rows {
			rows[i] = i % k * o.OuterCols
		}
		tile("dot", o.DotRows, o.DotCols, func() { o.Dot(k, left, k, right, k, result, o.DotCols) })
		tile("dotAt", o.DotRows, o.DotCols, func() { o.DotAt(o.DotRows, o.DotCols, k, left, places, right, right, result, o.DotCols) })
		tile("outer", o.OuterRows, o.OuterCols, func() { o.Outer(k, left, right, o.OuterCols, result, o.OuterCols) })
		tile("outerAt", o.OuterRows, o.OuterCols, func() {
			o.OuterAt(o.OuterRows, o.OuterCols, k, left, right, rows, right, result, o.OuterCols)
		})

		vector := func(loop string, f func()) { run(loop, o.Name, "elements/op", length, f) }
		a, x, y, z := left[:length], right[:length], right[length:2*length], right[2*length:3*length]
		u, v := wideLeft[:length], wideRight[:length]
		vector("standardise", func() { o.Standardise(a, x, u, v, 1.5) })
		vector("moments", func() { o.Moments(a, x, u, v, 0.5) })
		vector("add", func() { o.Add(a, x) })
		vector("mul", func() { o.Mul(a, a, x) })
		vector("sgd", func() { o.SGD(a, x, y, 0.1, 0.9, 0.01) })
		vector("adamW", func() { o.AdamW(a, x, y, z, &AdamW{Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, Epsilon: 1e-8}) })
		vector("drop", func() { o.Drop(a, x, y, Drop{Scale: 1, Kept: 45875, Key: 1}) })
	}
	for _, o := range Doubles() {
		run("double", o.Name, "products/op", k*o.Rows*o.Cols, func() { o.Outer(k, wideLeft, wideRight, o.Cols, sums, o.Cols) })
	}
	for _, o := range Singles() {
		run("single", o.Name, "products/op", k*o.Rows*o.Cols, func() { o.Outer(k, left, right, o.Cols, sums, o.Cols) })
	}
}
