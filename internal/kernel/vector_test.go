package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// near reports whether two numbers differ by a few roundings of terms of the given size.
func near(a, b, size float32) bool {
	return a == b || math.Abs(float64(a-b)) <= 0x1p-21*float64(size)
}

// TestVectors compares the assembly with plain Go, at the end of memory and with lengths around the sizes of vectors.
func TestVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range All()[:len(All())-1] {
		for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 100, 1024} {
			vector := func() []float32 { return newBlock(t, r, 1, max(n, 1), 0).data[:n] }
			a, b, c, square := vector(), vector(), vector(), vector()
			for i := range square {
				square[i] *= square[i]
			}
			// compare runs f on both and expects the vectors that it changes to be alike.
			compare := func(name string, f func(v *Vector, changed ...[]float32), changed ...[]float32) {
				copies := make([][]float32, len(changed))
				for i := range changed {
					copies[i] = slices.Clone(changed[i])
				}
				f(&k.Vector, changed...)
				f(&plainVector, copies...)
				for v := range changed {
					for i, got := range changed[v] {
						if want := copies[v][i]; !near(got, want, 2) {
							t.Errorf("%s, %s, n = %d: element %d of vector %d is %g, want %g", k.Name, name, n, i, v, got, want)
						}
					}
				}
			}
			compare("add", func(v *Vector, x ...[]float32) { v.Add(x[0], b) }, slices.Clone(a))
			compare("mul", func(v *Vector, x ...[]float32) { v.Mul(x[0], x[0], b) }, slices.Clone(a))
			compare("sgd", func(v *Vector, x ...[]float32) { v.SGD(x[0], b, x[1], 0.1, 0.9, 0.01) }, a, c)
			step := AdamW{Beta1: 0.9, Rest1: 0.1, Beta2: 0.999, Rest2: 0.001, Shrink: 0.99, Size: 0.01, Correct: 1.5, Epsilon: 1e-8}
			compare("adamw", func(v *Vector, x ...[]float32) { v.AdamW(x[0], b, x[1], x[2], &step) }, a, c, square)
		}
		panics(t, k.Name+" add", func() { k.Add(make([]float32, 32), make([]float32, 31)) })
		panics(t, k.Name+" mul", func() { k.Mul(make([]float32, 32), make([]float32, 32), make([]float32, 31)) })
		panics(t, k.Name+" sgd", func() { k.SGD(make([]float32, 32), make([]float32, 31), make([]float32, 32), 0, 0, 0) })
		panics(t, k.Name+" adamw", func() {
			k.AdamW(make([]float32, 32), make([]float32, 32), make([]float32, 32), make([]float32, 31), &AdamW{})
		})
	}
}
