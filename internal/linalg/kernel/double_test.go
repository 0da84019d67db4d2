package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestDouble compares every kernel with the sum of products, and checks that it writes only its tile.
func TestDouble(t *testing.T) {
	testDoubles(t, "double", Doubles(), 0x1p-52)
	testDoubles(t, "single", Singles(), 0x1p-23)
}

func testDoubles[F float32 | float64](t *testing.T, factors string, kernels []Double[F], unit float64) {
	for _, kernel := range kernels {
		for _, k := range []int{0, 1, 2, 3, 8, 33, 257} {
			for _, gap := range []int{0, 5} {
				t.Run(fmt.Sprintf("%s/%s/%d/gap=%d", factors, kernel.Name, k, gap), func(t *testing.T) {
					testDouble(t, kernel, k, gap, unit)
				})
			}
		}
	}
}

func randomValues[F float32 | float64](r *rand.Rand, n int) []F {
	v := make([]F, n)
	for i := range v {
		v[i] = F(r.NormFloat64())
	}
	return v
}

func testDouble[F float32 | float64](t *testing.T, kernel Double[F], k, gap int, unit float64) {
	r := rand.New(rand.NewPCG(1, uint64(k)))
	ldb, ldc := kernel.Cols+gap, kernel.Cols+2*gap
	a, b, c := randomValues[F](r, k*kernel.Rows), randomValues[F](r, k*ldb), randomValues[float64](r, kernel.Rows*ldc)
	was := append([]float64(nil), c...)
	kernel.Outer(k, a, b, ldb, c, ldc)
	for i, got := range c {
		row, col := i/ldc, i%ldc
		want, size := was[i], math.Abs(was[i])
		for l := range k {
			if col < kernel.Cols {
				product := float64(a[l*kernel.Rows+row]) * float64(b[l*ldb+col])
				want += product
				size += math.Abs(product)
			}
		}
		if !(math.Abs(got-want) <= float64(2*k)*unit*size) {
			t.Fatalf("row %d, column %d is %g, want %g", row, col, got, want)
		}
	}
}

// TestDoubleShort checks that a slice that is too short panics.
func TestDoubleShort(t *testing.T) {
	testShort(t, Doubles())
	testShort(t, Singles())
}

func testShort[F float32 | float64](t *testing.T, kernels []Double[F]) {
	const k = 20
	factors, room := make([]F, 10000), make([]float64, 10000)
	for _, kernel := range kernels {
		a, b, c := kernel.Rows*k, kernel.Cols*k, kernel.Rows*kernel.Cols
		outer := func(a, b, c int) { kernel.Outer(k, factors[:a:a], factors[:b:b], kernel.Cols, room[:c:c], kernel.Cols) }
		outer(a, b, c)
		panics(t, kernel.Name+" a", func() { outer(a-1, b, c) })
		panics(t, kernel.Name+" b", func() { outer(a, b-1, c) })
		panics(t, kernel.Name+" c", func() { outer(a, b, c-1) })
	}
}
