package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// random returns a rows × cols view with a stride above cols, as a part of a larger matrix has.
func random(r *rand.Rand, rows, cols int) Matrix {
	whole := Wrap(rows+1, cols+3, make([]float32, (rows+1)*(cols+3)))
	for i := range whole.Data {
		whole.Data[i] = r.Float32() - 0.5
	}
	return whole.Slice(1, 2, rows, cols)
}

func TestProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	products := map[string]struct {
		run            func(p *Pool, c, a, b Matrix)
		transA, transB bool
		adds           bool
	}{
		"MulABt": {(*Pool).MulABt, false, true, false},
		"MulAB":  {(*Pool).MulAB, false, false, false},
		"AddAtB": {(*Pool).AddAtB, true, false, true},
	}
	for name, product := range products {
		for _, shape := range [][3]int{{1, 1, 1}, {3, 2, 5}, {33, 193, 257}, {64, 8, 600}, {8, 400, 70}, {0, 3, 2}, {3, 0, 2}, {3, 2, 0}} {
			m, n, k := shape[0], shape[1], shape[2]
			t.Run(fmt.Sprintf("%s/%dx%dx%d", name, m, n, k), func(t *testing.T) {
				a, b := random(r, m, k), random(r, k, n)
				if product.transA {
					a = random(r, k, m)
				}
				if product.transB {
					b = random(r, n, k)
				}
				start := random(r, m, n)
				var first []float32
				for _, workers := range []int{1, 2, 7} {
					p := NewPool(workers)
					c := start
					c.Data = slices.Clone(start.Data)
					product.run(p, c, a, b)
					p.Close()
					if first == nil {
						first = c.Data
						compare(t, start, c, a, b, product.transA, product.transB, product.adds)
					} else if !slices.Equal(first, c.Data) {
						t.Errorf("%d workers give other bits than one", workers)
					}
				}
			})
		}
	}
}

// compare checks c against the definition of the product in float64, and that nothing between rows was touched.
func compare(t *testing.T, start, c, a, b Matrix, transA, transB, adds bool) {
	t.Helper()
	at := func(m Matrix, i, j int, trans bool) float64 {
		if trans {
			i, j = j, i
		}
		return float64(m.Data[i*m.Stride+j])
	}
	depth := a.Cols
	if transA {
		depth = a.Rows
	}
	for i := range c.Rows {
		for j := range c.Cols {
			var want float64
			if adds {
				want = at(start, i, j, false)
			}
			for k := range depth {
				want += at(a, i, k, transA) * at(b, k, j, transB)
			}
			if got := at(c, i, j, false); math.Abs(got-want) > 1e-4 {
				t.Fatalf("element (%d, %d) is %g, want %g", i, j, got, want)
			}
		}
		if end := i*c.Stride + c.Cols; c.Cols > 0 && i+1 < c.Rows && !slices.Equal(c.Data[end:(i+1)*c.Stride], start.Data[end:(i+1)*c.Stride]) {
			t.Fatalf("row %d: the product wrote beyond its columns", i)
		}
	}
}

func TestMisfitPanics(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	m := func(rows, cols int) Matrix { return Wrap(rows, cols, make([]float32, rows*cols)) }
	for name, f := range map[string]func(){
		"inner":  func() { p.MulABt(m(2, 2), m(2, 3), m(2, 4)) },
		"result": func() { p.MulAB(m(2, 3), m(2, 3), m(3, 2)) },
		"slice":  func() { m(2, 2).Slice(1, 0, 2, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestRunVisitsEveryBlockOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7} {
		p := NewPool(workers)
		for _, blocks := range []int{0, 1, 5, 100} {
			visits := make([]int, blocks)
			p.Run(blocks, func(b, w int) {
				visits[b]++
				if w < 0 || w >= p.Workers() {
					t.Errorf("worker %d of %d", w, p.Workers())
				}
			})
			for b, n := range visits {
				if n != 1 {
					t.Errorf("%d workers: block %d ran %d times", workers, b, n)
				}
			}
		}
		p.Close()
	}
}

func TestNoAllocation(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 2))
	a, b, c := random(r, 64, 300), random(r, 8, 300), random(r, 64, 8)
	if n := testing.AllocsPerRun(20, func() { p.MulABt(c, a, b) }); n > 0 {
		t.Errorf("%g allocations a product", n)
	}
}
