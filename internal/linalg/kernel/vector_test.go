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

// TestVectors compares the assembly with plain Go, with lengths around the sizes of vectors.
func TestVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range All()[:len(All())-1] {
		for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 50, 100, 1024} {
			compareVectors(t, k, r, n)
		}
		panics(t, k.Name+" add", func() { k.Add(make([]float32, 32), make([]float32, 31)) })
		panics(t, k.Name+" mul", func() { k.Mul(make([]float32, 32), make([]float32, 32), make([]float32, 31)) })
		panics(t, k.Name+" sgd", func() { k.SGD(make([]float32, 32), make([]float32, 31), make([]float32, 32), 0, 0, 0) })
		panics(t, k.Name+" adamw", func() {
			k.AdamW(make([]float32, 32), make([]float32, 32), make([]float32, 32), make([]float32, 31), &AdamW{})
		})
		panics(t, k.Name+" drop", func() { k.Drop(make([]float32, 32), make([]float32, 31), make([]float32, 32), Drop{}) })
		panics(t, k.Name+" drop", func() { k.Drop(make([]float32, 32), make([]float32, 32), make([]float32, 31), Drop{}) })
	}
}

// TestDoubleVectors expects the bytes of plain Go, at the end of memory.
func TestDoubleVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	for _, k := range All()[:len(All())-1] {
		for _, n := range []int{0, 1, 7, 8, 9, 16, 17, 50, 1024} {
			single := func() []float32 { return newBlock(t, r, 1, max(n, 1), 0).data[:n] }
			double := func() []float64 {
				out := make([]float64, n)
				for i := range out {
					out[i] = r.NormFloat64()
				}
				return out
			}
			a, origin, mean, inverse := single(), single(), double(), double()
			got, want := single(), make([]float32, n)
			k.Standardise(got, a, mean, inverse, 1.7)
			plainVector.Standardise(want, a, mean, inverse, 1.7)
			if !slices.Equal(got, want) {
				t.Errorf("%s, n = %d: standardised to %v, want %v", k.Name, n, got, want)
			}
			squares := double()
			mean2, squares2 := slices.Clone(mean), slices.Clone(squares)
			k.Moments(a, origin, mean, squares, 0.3)
			plainVector.Moments(a, origin, mean2, squares2, 0.3)
			if !slices.Equal(mean, mean2) || !slices.Equal(squares, squares2) {
				t.Errorf("%s, n = %d: other moments than plain Go", k.Name, n)
			}
		}
		long, short := make([]float32, 32), make([]float64, 31)
		panics(t, k.Name+" standardise", func() { k.Standardise(long, long, make([]float64, 32), short, 1) })
		panics(t, k.Name+" moments", func() { k.Moments(long, long, short, make([]float64, 32), 1) })
	}
}

// FuzzVectors does the same at any length and with any key of Drop.
func FuzzVectors(f *testing.F) {
	f.Add(uint64(1), uint16(33))
	f.Add(uint64(2), uint16(1000))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16) {
		for _, k := range All()[:len(All())-1] {
			compareVectors(t, k, rand.New(rand.NewPCG(seed, 3)), int(n%2000))
		}
	})
}

// compareVectors compares the functions on vectors of a kernel with plain Go, at the end of memory.
func compareVectors(t *testing.T, k Kernel, r *rand.Rand, n int) {
	t.Helper()
	vector := func() []float32 { return newBlock(t, r, 1, max(n, 1), 0).data[:n] }
	a, b, c, square := vector(), vector(), vector(), vector()
	for i := range square {
		square[i] = square[i]*square[i] + 0.01 // AdamW divides by its root, which enlarges roundings of what it divides
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
	for _, kept := range []uint32{1, 30000, 1 << 16} {
		d := Drop{Scale: 1.5, Kept: kept, Key: r.Uint64()}
		compare("drop", func(v *Vector, x ...[]float32) { v.Drop(x[0], x[0], b, d) }, slices.Clone(a))
	}
}

// TestDraws looks at the shares of kept elements: of many keys at one place, of one key at many, and of pairs, whose
// draws have no say in each other.
func TestDraws(t *testing.T) {
	const n, kept = 1 << 13, 45875
	ones, zeros := make([]float32, n), make([]float32, n)
	for i := range ones {
		ones[i] = 1
	}
	r := rand.New(rand.NewPCG(1, 3))
	start := r.Uint64()
	for name, key := range map[string]func(i int) uint64{
		"random":   func(int) uint64 { return r.Uint64() },
		"in order": func(i int) uint64 { return start + uint64(i) },
	} {
		const rows = 256
		columns := make([]float32, n)
		dst, last := make([]float32, n), make([]float32, n)
		// wrong reports a count of independent events that is hard to believe.
		wrong := func(what string, count float32, of int, p float64) {
			if far := math.Abs(float64(count)-p*float64(of)) / math.Sqrt(p*(1-p)*float64(of)); far > 6 {
				t.Errorf("%s: %s: %g of %d, %.1f standard deviations from what is likely", name, what, count, of, far)
			}
		}
		const p = float64(kept) / (1 << 16)
		for row := range rows {
			Best().Drop(dst, ones, zeros, Drop{Scale: 1, Kept: kept, Key: key(row)})
			var sum, beside, halves, above float32
			for i, v := range dst {
				columns[i] += v
				sum += v
				if i%2 == 1 {
					beside += v * dst[i-1]
				}
				if i%drawn >= drawn/2 {
					halves += v * dst[i-drawn/2]
				}
				above += v * last[i]
			}
			wrong("in a row", sum, n, p)
			wrong("pairs of neighbours", beside, n/2, p*p)
			wrong("pairs of one number", halves, n/2, p*p)
			if row > 0 {
				wrong("pairs of rows", above, n, p*p)
			}
			dst, last = last, dst
		}
		for _, sum := range columns {
			wrong("in a column", sum, rows, p)
		}
	}
}

// TestMulSpread checks where the products go, and that nothing beside them is touched.
func TestMulSpread(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range All() {
		for _, n := range []int{0, 1, 7, 8, 9, 16, 31, 100} {
			a, b := newBlock(t, r, 1, max(n, 1), 0).data[:n], newBlock(t, r, 1, max(n, 1), 0).data[:n]
			stride := 3 * k.Lanes
			dst, want := make([]float32, (n+1)*stride), make([]float32, (n+1)*stride)
			for i := range a {
				want[i/k.Lanes*stride+i%k.Lanes] = a[i] * b[i]
			}
			k.MulSpread(dst, a, b, stride)
			if !slices.Equal(dst, want) {
				t.Errorf("%s, n = %d: %g, want %g", k.Name, n, dst, want)
			}
		}
		panics(t, k.Name+" dst", func() {
			k.MulSpread(make([]float32, 2*k.Lanes-1), make([]float32, 2*k.Lanes), make([]float32, 2*k.Lanes), k.Lanes)
		})
		panics(t, k.Name+" b", func() { k.MulSpread(make([]float32, 64), make([]float32, 32), make([]float32, 31), k.Lanes) })
	}
}
