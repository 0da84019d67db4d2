package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"finetune/internal/linalg/kernel"
)

// random returns a rows × cols view with a stride above cols, as a part of a larger matrix has.
func random(r *rand.Rand, rows, cols int) Matrix {
	whole := Wrap(rows+1, cols+3, make([]float32, (rows+1)*(cols+3)))
	for i := range whole.Data {
		whole.Data[i] = r.Float32() - 0.5
	}
	return whole.Slice(1, 2, rows, cols)
}

// A product is one of the pool's, with what defines it.
type product struct {
	name           string
	run            func(p *Pool, c, a, b Matrix)
	transA, transB bool
	adds           bool
}

var products = []product{
	{"MulABt", (*Pool).MulABt, false, true, false},
	{"MulAB", (*Pool).MulAB, false, false, false},
	{"AddAtB", (*Pool).AddAtB, true, false, true},
	{"MulAtB", (*Pool).MulAtB, true, false, false},
	{"MulRowsBt", func(p *Pool, c, a, b Matrix) { p.MulRowsBt(c, scatter(a), p.Pack(b)) }, false, true, false},
	{"AddAtRows", func(p *Pool, c, a, b Matrix) { p.AddAtRows(c, a, scatter(b)) }, true, false, true},
}

// scatter returns m as rows of a larger matrix from the last to the first, with a shift. Numbers of random lose no
// bit by it.
func scatter(m Matrix) Rows {
	x := Rows{Cols: m.Cols, Stride: m.Cols, Data: make([]float32, 2*m.Rows*m.Cols), Shift: make([]float32, m.Cols)}
	for j := range x.Shift {
		x.Shift[j] = float32(j%3-1) / 2
	}
	for i := range m.Rows {
		row := 2*(m.Rows-i) - 1
		x.Index = append(x.Index, row)
		for j := range m.Cols {
			v := m.Data[i*m.Stride+j]
			x.Data[row*m.Cols+j] = v - x.Shift[j]
		}
	}
	return x
}

// factors returns matrices for an m × n result of the given depth.
func (p product) factors(r *rand.Rand, m, n, depth int) (a, b Matrix) {
	a, b = random(r, m, depth), random(r, depth, n)
	if p.transA {
		a = random(r, depth, m)
	}
	if p.transB {
		b = random(r, n, depth)
	}
	return a, b
}

// on computes the product onto a copy of start.
func (p product) on(k *kernel.Kernel, workers int, start, a, b Matrix) Matrix {
	pool := newPool(workers, k)
	defer pool.Close()
	c := start
	c.Data = slices.Clone(start.Data)
	p.run(pool, c, a, b)
	return c
}

// check compares c with the product in float64. Each of depth+1 roundings, and a few more where pieces of the depth
// are put together, errs by at most half a unit in the last place of the sum of magnitudes. What isn't finite must be
// so in c, and nothing between rows may be touched.
func (p product) check(t *testing.T, start, c, a, b Matrix) {
	t.Helper()
	at := func(m Matrix, i, j int, trans bool) float64 {
		if trans {
			i, j = j, i
		}
		return float64(m.Data[i*m.Stride+j])
	}
	depth := a.Cols
	if p.transA {
		depth = a.Rows
	}
	for i := range c.Rows {
		for j := range c.Cols {
			var want float64
			if p.adds {
				want = at(start, i, j, false)
			}
			size := math.Abs(want)
			for k := range depth {
				term := at(a, i, k, p.transA) * at(b, k, j, p.transB)
				want += term
				size += math.Abs(term)
			}
			got := at(c, i, j, false)
			same := got == want || math.IsNaN(got) && math.IsNaN(want)
			if !same && !(math.Abs(got-want) <= float64(depth+8)*0x1p-24*size && !math.IsInf(want, 0)) {
				t.Fatalf("%s: element (%d, %d) is %g, want %g", p.name, i, j, got, want)
			}
		}
		if end := i*c.Stride + c.Cols; c.Cols > 0 && i+1 < c.Rows && !slices.Equal(c.Data[end:(i+1)*c.Stride], start.Data[end:(i+1)*c.Stride]) {
			t.Fatalf("%s: row %d: written beyond the columns", p.name, i)
		}
	}
}

// bits compares all of two matrices' elements, NaNs too.
func bits(a, b Matrix) bool {
	return slices.EqualFunc(a.Data, b.Data, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func TestProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shapes := [][3]int{
		{1, 1, 1}, {3, 2, 5}, {33, 193, 257}, {64, 8, 600}, {8, 400, 70}, {0, 3, 2}, {3, 0, 2}, {3, 2, 0},
		{256, 8, 1280}, {8, 1280, 64}, {10, 385, 256}, {101, 50, 1025}, {2, 47, 2049}, {130, 200, 129}, {49, 49, 16}, {13, 17, 1030},
	}
	for _, product := range products {
		for _, k := range kernel.All() {
			for _, shape := range shapes {
				m, n, depth := shape[0], shape[1], shape[2]
				t.Run(fmt.Sprintf("%s/%s/%dx%dx%d", product.name, k.Name, m, n, depth), func(t *testing.T) {
					a, b := product.factors(r, m, n, depth)
					start := random(r, m, n)
					one := product.on(&k, 1, start, a, b)
					product.check(t, start, one, a, b)
					for _, workers := range []int{2, 7} {
						if !bits(one, product.on(&k, workers, start, a, b)) {
							t.Errorf("%d workers give other bits than one", workers)
						}
					}
				})
			}
		}
	}
}

// TestElementsStandAlone computes one element by itself and expects the bits that it has in a larger product.
func TestElementsStandAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const m, n, depth = 67, 205, 1300
	for _, product := range products {
		for _, k := range kernel.All() {
			a, b := product.factors(r, m, n, depth)
			start := random(r, m, n)
			whole := product.on(&k, 2, start, a, b)
			for _, at := range [][2]int{{0, 0}, {11, 47}, {48, 192}, {m - 1, n - 1}, {5, n - 2}} {
				i, j := at[0], at[1]
				rowA, colB := vector(a, i, product.transA), vector(b, j, !product.transB)
				if alone := product.on(&k, 1, start.Slice(i, j, 1, 1), rowA, colB); alone.Data[0] != whole.Row(i)[j] {
					t.Errorf("%s, %s: element (%d, %d) is %g alone and %g in the product", product.name, k.Name, i, j, alone.Data[0], whole.Row(i)[j])
				}
			}
		}
	}
}

// vector is a row of m, or a column.
func vector(m Matrix, i int, column bool) Matrix {
	if column {
		return m.Slice(0, i, m.Rows, 1)
	}
	return m.Slice(i, 0, 1, m.Cols)
}

// TestNothingFiniteFromNaN meets zeros with NaNs and infinities: a product that skips zeros would lose them.
func TestNothingFiniteFromNaN(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, product := range products {
		for _, k := range kernel.All() {
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
				a, b := product.factors(r, 9, 50, 70)
				for i := range a.Data {
					a.Data[i] = 0
				}
				b.Row(b.Rows - 1)[b.Cols-1] = bad
				start := random(r, 9, 50)
				product.check(t, start, product.on(&k, 1, start, a, b), a, b)
			}
		}
	}
}

// FuzzProducts compares all kernels with float64 over shapes, with a few numbers that aren't finite among the
// factors.
func FuzzProducts(f *testing.F) {
	f.Add(uint64(1), uint16(8), uint16(64), uint16(1280), uint8(0))
	f.Add(uint64(2), uint16(101), uint16(3), uint16(17), uint8(2))
	f.Add(uint64(3), uint16(1), uint16(193), uint16(1025), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, m, n, depth uint16, spoiled uint8) {
		rows, cols, inner := int(m%150), int(n%300), int(depth%2500)
		if rows*cols*inner > 1<<20 {
			inner = (1 << 20) / (rows * cols)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		strange := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
		for _, product := range products {
			a, b := product.factors(r, rows, cols, inner)
			for range spoiled % 4 {
				for _, data := range [][]float32{a.Data, b.Data} {
					if len(data) > 0 {
						data[r.IntN(len(data))] = strange[r.IntN(len(strange))]
					}
				}
			}
			start := random(r, rows, cols)
			for _, k := range kernel.All() {
				product.check(t, start, product.on(&k, 1+int(seed%3), start, a, b), a, b)
			}
		}
	})
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

func TestNoAllocation(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 2))
	a, b, c := random(r, 64, 300), random(r, 8, 300), random(r, 64, 8)
	x := scatter(a)
	packed := p.Pack(b)
	products := func() {
		p.MulABt(c, a, b)
		p.AddAtB(b, c, a)
		p.MulAB(a, c, b)
		p.MulRowsBt(c, x, packed)
		p.AddAtRows(b, c, x)
	}
	if n := testing.AllocsPerRun(20, products); n > 0 {
		t.Errorf("%g allocations for the products", n)
	}
}
