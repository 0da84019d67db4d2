package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A block is a matrix at the end of memory that may be touched, where the platform has such.
type block struct {
	rows, cols, stride int
	data               []float32
}

func newBlock(t testing.TB, r *rand.Rand, rows, cols, gap int) block {
	b := block{rows, cols, cols + gap, nil}
	b.data = atEnd(t, (rows-1)*b.stride+cols)
	for i := range b.data {
		b.data[i] = r.Float32() - 0.5
	}
	return b
}

func (b block) at(i, j int) float64 { return float64(b.data[i*b.stride+j]) }

// check compares c with what it was plus the sum of k products, which term gives. Each of k+1 roundings errs by at
// most half a unit in the last place of the sum of magnitudes. What lies between rows of c must be as it was.
func check(t *testing.T, c, was block, k int, term func(i, j, l int) float64) {
	t.Helper()
	for i := range c.rows {
		for j := range c.cols {
			want := was.at(i, j)
			size := math.Abs(want)
			for l := range k {
				want += term(i, j, l)
				size += math.Abs(term(i, j, l))
			}
			if got := c.at(i, j); !(math.Abs(got-want) <= float64(k+1)*0x1p-24*size) {
				t.Fatalf("element (%d, %d) is %g, want %g", i, j, got, want)
			}
		}
		if i+1 < c.rows {
			gap := func(b block) []float32 { return b.data[i*b.stride+b.cols : (i+1)*b.stride] }
			if !slices.Equal(gap(c), gap(was)) {
				t.Fatalf("row %d: written beyond the columns", i)
			}
		}
	}
}

// each calls f for every kernel, with depths around the sizes of vectors.
func each(t *testing.T, f func(t *testing.T, kernel Kernel, r *rand.Rand, k, gap int)) {
	for _, kernel := range All() {
		for _, k := range []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 33, 100, 257} {
			for _, gap := range []int{0, 5} {
				t.Run(fmt.Sprintf("%s/%d/gap=%d", kernel.Name, k, gap), func(t *testing.T) {
					f(t, kernel, rand.New(rand.NewPCG(1, uint64(k))), k, gap)
				})
			}
		}
	}
}

func TestDot(t *testing.T) {
	each(t, func(t *testing.T, kernel Kernel, r *rand.Rand, k, gap int) {
		a, b := newBlock(t, r, kernel.DotRows, k, gap), newBlock(t, r, kernel.DotCols, k, 2*gap)
		c := newBlock(t, r, kernel.DotRows, kernel.DotCols, gap)
		was := c
		was.data = slices.Clone(c.data)
		kernel.Dot(k, a.data, a.stride, b.data, b.stride, c.data, c.stride)
		check(t, c, was, k, func(i, j, l int) float64 { return a.at(i, l) * b.at(j, l) })
	})
}

func TestOuter(t *testing.T) {
	each(t, func(t *testing.T, kernel Kernel, r *rand.Rand, k, gap int) {
		a, b := newBlock(t, r, k, kernel.OuterRows, 0), newBlock(t, r, k, kernel.OuterCols, gap)
		c := newBlock(t, r, kernel.OuterRows, kernel.OuterCols, 3*gap)
		was := c
		was.data = slices.Clone(c.data)
		kernel.Outer(k, a.data, b.data, b.stride, c.data, c.stride)
		check(t, c, was, k, func(i, j, l int) float64 { return a.at(l, i) * b.at(l, j) })
	})
}

// TestShort holds the kernels to panic, rather than to read what isn't theirs.
func TestShort(t *testing.T) {
	const k, big = 20, 10000
	room := make([]float32, big)
	for _, kernel := range All() {
		a, b, c := kernel.DotRows*k, kernel.DotCols*k, kernel.DotRows*kernel.DotCols
		dot := func(a, b, c int) { kernel.Dot(k, room[:a:a], k, room[:b:b], k, room[:c:c], kernel.DotCols) }
		dot(a, b, c)
		panics(t, kernel.Name+" dot a", func() { dot(a-1, b, c) })
		panics(t, kernel.Name+" dot b", func() { dot(a, b-1, c) })
		panics(t, kernel.Name+" dot c", func() { dot(a, b, c-1) })

		a, b, c = kernel.OuterRows*k, kernel.OuterCols*k, kernel.OuterRows*kernel.OuterCols
		outer := func(a, b, c int) {
			kernel.Outer(k, room[:a:a], room[:b:b], kernel.OuterCols, room[:c:c], kernel.OuterCols)
		}
		outer(a, b, c)
		panics(t, kernel.Name+" outer a", func() { outer(a-1, b, c) })
		panics(t, kernel.Name+" outer b", func() { outer(a, b-1, c) })
		panics(t, kernel.Name+" outer c", func() { outer(a, b, c-1) })
	}
}

func panics(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s one too short: no panic", what)
		}
	}()
	f()
}

func TestOrder(t *testing.T) {
	all := All()
	if Best() != &all[0] || all[len(all)-1].Name != "plain" {
		t.Errorf("the best kernel is %s, the last %s", Best().Name, all[len(all)-1].Name)
	}
}
