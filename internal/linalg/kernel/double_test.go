package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestDouble compares every float64 kernel with the sum of products, and checks that it writes only its tile.
func TestDouble(t *testing.T) {
	for _, kernel := range Doubles() {
		for _, k := range []int{0, 1, 2, 3, 8, 33, 257} {
			for _, gap := range []int{0, 5} {
				t.Run(fmt.Sprintf("%s/%d/gap=%d", kernel.Name, k, gap), func(t *testing.T) {
					testDouble(t, kernel, k, gap)
				})
			}
		}
	}
}

func testDouble(t *testing.T, kernel Double, k, gap int) {
	r := rand.New(rand.NewPCG(1, uint64(k)))
	random := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		return v
	}
	ldb, ldc := kernel.Cols+gap, kernel.Cols+2*gap
	a, b, c := random(k*kernel.Rows), random(k*ldb), random(kernel.Rows*ldc)
	was := append([]float64(nil), c...)
	kernel.Outer(k, a, b, ldb, c, ldc)
	for i, got := range c {
		row, col := i/ldc, i%ldc
		want, size := was[i], math.Abs(was[i])
		for l := range k {
			if col < kernel.Cols {
				want += a[l*kernel.Rows+row] * b[l*ldb+col]
				size += math.Abs(a[l*kernel.Rows+row] * b[l*ldb+col])
			}
		}
		if !(math.Abs(got-want) <= float64(2*k)*0x1p-52*size) {
			t.Fatalf("row %d, column %d is %g, want %g", row, col, got, want)
		}
	}
}

// TestDoubleShort checks that a slice that is too short panics.
func TestDoubleShort(t *testing.T) {
	const k = 20
	room := make([]float64, 10000)
	for _, kernel := range Doubles() {
		a, b, c := kernel.Rows*k, kernel.Cols*k, kernel.Rows*kernel.Cols
		outer := func(a, b, c int) { kernel.Outer(k, room[:a:a], room[:b:b], kernel.Cols, room[:c:c], kernel.Cols) }
		outer(a, b, c)
		panics(t, kernel.Name+" a", func() { outer(a-1, b, c) })
		panics(t, kernel.Name+" b", func() { outer(a, b-1, c) })
		panics(t, kernel.Name+" c", func() { outer(a, b, c-1) })
	}
}
