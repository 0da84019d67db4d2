package symmetric

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

func random(r *rand.Rand, rows, cols int) *mat.Dense {
	m := mat.NewDense(rows, cols, nil)
	for i := range rows {
		for j := range cols {
			m.Set(i, j, r.NormFloat64())
		}
	}
	return m
}

func segments(x *mat.Dense) Segment[float64] {
	return func(dst []float64, row, col int) { copy(dst, x.RawRowView(row)[col:]) }
}

// rounded has the numbers of x in float32.
func rounded(x *mat.Dense) Segment[float32] {
	return func(dst []float32, row, col int) {
		for j := range dst {
			dst[j] = float32(x.At(row, col+j))
		}
	}
}

// far is the largest difference between the lower triangles.
func far(got Matrix, want mat.Matrix) float64 {
	var worst float64
	for i := range got.N {
		for j, v := range got.Row(i) {
			d := math.Abs(v - want.At(i, j))
			if !(d <= worst) {
				worst = d // a NaN stays
			}
		}
	}
	return worst
}

// each calls f with a worker of every kernel on one and three threads.
func each(t *testing.T, f func(t *testing.T, w *Worker)) {
	for i, k := range kernel.Doubles() {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", k.Name, threads), func(t *testing.T) {
				pool := dense.NewPool(threads)
				defer pool.Close()
				f(t, newWorker(pool, &k, &kernel.Singles()[i]))
			})
		}
	}
}

// single is how far off a sum of squares may be, a column, that float32 rounds.
const single = 1e-6

// FuzzRows compares matrices of rows in float32 and float64.
func FuzzRows(f *testing.F) {
	f.Add(uint64(1), uint16(200), uint16(300))
	f.Add(uint64(2), uint16(97), uint16(640))
	f.Fuzz(func(t *testing.T, seed uint64, rows, cols uint16) {
		x := random(rand.New(rand.NewPCG(seed, 3)), 1+int(rows)%400, 1+int(cols)%700)
		n, d := x.Dims()
		each(t, func(t *testing.T, w *Worker) {
			m, exact := New(n), New(n)
			if err := w.RowsSingle(context.Background(), m, d, rounded(x)); err != nil {
				t.Fatal(err)
			}
			if err := w.Rows(context.Background(), exact, d, segments(x)); err != nil {
				t.Fatal(err)
			}
			if off := far(m, mat.NewDense(n, n, exact.Data)); !(off < single*float64(d)) {
				t.Errorf("off by %g", off)
			}
		})
	})
}

func TestGram(t *testing.T) {
	each(t, func(t *testing.T, w *Worker) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, shape := range [][2]int{{1, 1}, {2, 5}, {5, 2}, {23, 600}, {200, 7}, {411, 530}} {
			x := random(r, shape[0], shape[1])
			var want mat.Dense
			want.Mul(x, x.T())
			m := New(shape[0])
			if err := w.Rows(context.Background(), m, shape[1], segments(x)); err != nil {
				t.Fatal(err)
			}
			if d := far(m, &want); !(d < 1e-11) {
				t.Errorf("rows of %v: off by %g", shape, d)
			}
			m = New(shape[0])
			if err := w.RowsSingle(context.Background(), m, shape[1], rounded(x)); err != nil {
				t.Fatal(err)
			}
			if d := far(m, &want); !(d < single*float64(shape[1])) {
				t.Errorf("rows of %v in float32: off by %g", shape, d)
			}
			want.Reset()
			want.Mul(x.T(), x)
			m = New(shape[1])
			if err := w.Columns(context.Background(), m, shape[0], segments(x)); err != nil {
				t.Fatal(err)
			}
			if d := far(m, &want); !(d < 1e-11) {
				t.Errorf("columns of %v: off by %g", shape, d)
			}
		}
	})
}

// positive returns a positive definite matrix, and the same for gonum.
func positive(r *rand.Rand, n, stride int) (Matrix, *mat.SymDense) {
	x := random(r, n, n+3)
	want := mat.NewSymDense(n, nil)
	want.SymOuterK(1, x)
	m := Matrix{N: n, Stride: stride, Data: make([]float64, n*stride)}
	for i := range m.Data {
		m.Data[i] = math.NaN() // above the diagonal nothing may be read
	}
	for i := range n {
		want.SetSym(i, i, want.At(i, i)+0.1)
		for j := range i + 1 {
			m.Data[i*stride+j] = want.At(i, j)
		}
	}
	return m, want
}

func checkInverse(t *testing.T, w *Worker, r *rand.Rand, n, gap int) {
	t.Helper()
	m, a := positive(r, n, n+gap)
	if err := w.InverseFactor(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	var factor mat.Cholesky
	if !factor.Factorize(a) {
		t.Fatal("gonum finds no factor")
	}
	var l mat.TriDense
	factor.LTo(&l)
	var want mat.TriDense
	if err := want.InverseTri(&l); err != nil {
		t.Fatal(err)
	}
	if d := far(m, &want); !(d < 1e-8) {
		t.Errorf("n = %d: off by %g", n, d)
	}
}

func TestInverseFactor(t *testing.T) {
	each(t, func(t *testing.T, w *Worker) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{1, 2, 3, 24, 191, 192, 193, 400, 577} {
			checkInverse(t, w, r, n, 0)
		}
		checkInverse(t, w, r, 385, 7)
	})
}

func FuzzInverseFactor(f *testing.F) {
	f.Add(uint64(1), uint16(200), uint8(3))
	f.Add(uint64(2), uint16(392), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, gap uint8) {
		each(t, func(t *testing.T, w *Worker) {
			checkInverse(t, w, rand.New(rand.NewPCG(seed, 1)), 1+int(n)%450, int(gap)%30)
		})
	})
}

// TestSameBytes compares one thread with four.
func TestSameBytes(t *testing.T) {
	var first []float64
	for _, threads := range []int{1, 4} {
		pool := dense.NewPool(threads)
		defer pool.Close()
		r := rand.New(rand.NewPCG(5, 6))
		m := New(500)
		w := NewWorker(pool)
		x := random(r, 500, 700)
		if err := w.Rows(context.Background(), m, 700, segments(x)); err != nil {
			t.Fatal(err)
		}
		if err := w.RowsSingle(context.Background(), m, 700, rounded(x)); err != nil {
			t.Fatal(err)
		}
		if err := w.InverseFactor(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		var lower []float64
		for i := range m.N {
			lower = append(lower, m.Row(i)...)
		}
		if first == nil {
			first = lower
		} else if !slices.Equal(first, lower) {
			t.Error("other bytes on four threads")
		}
	}
}

func TestErrors(t *testing.T) {
	pool := dense.NewPool(2)
	defer pool.Close()
	w := NewWorker(pool)
	m := New(300)
	for i := range m.N {
		m.Row(i)[i] = 1
	}
	m.Row(250)[250] = -1
	if err := w.InverseFactor(context.Background(), m); !errors.Is(err, ErrNotPositive) {
		t.Errorf("got %v for an indefinite matrix", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x := segments(random(rand.New(rand.NewPCG(1, 1)), 3, 3))
	for name, err := range map[string]error{
		"rows": w.Rows(ctx, New(3), 3, x), "columns": w.Columns(ctx, New(3), 3, x), "inverse": w.InverseFactor(ctx, New(3)),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v after the context ended", name, err)
		}
	}
}

// BenchmarkInverseFactor has gonum's factor and inverse beside it.
func BenchmarkInverseFactor(b *testing.B) {
	for _, n := range []int{1000, 3750} {
		_, a := positive(rand.New(rand.NewPCG(7, 8)), n, n)
		b.Run(fmt.Sprintf("ours/%d", n), func(b *testing.B) {
			pool := dense.NewPool(2)
			defer pool.Close()
			w := NewWorker(pool)
			for b.Loop() {
				m := Matrix{N: n, Stride: n, Data: slices.Clone(a.RawSymmetric().Data)}
				for i := range n { // gonum keeps the upper triangle
					for j := range i {
						m.Data[i*n+j] = m.Data[j*n+i]
					}
				}
				if err := w.InverseFactor(context.Background(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("gonum/%d", n), func(b *testing.B) {
			for b.Loop() {
				var factor mat.Cholesky
				factor.Factorize(a)
				var l mat.TriDense
				factor.LTo(&l)
				if err := l.InverseTri(&l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzCombine compares weighted sums of rows with gonum's products.
func FuzzCombine(f *testing.F) {
	f.Add(uint64(1), uint16(300), uint16(200), uint8(3))
	f.Add(uint64(2), uint16(17), uint16(640), uint8(9))
	f.Fuzz(func(t *testing.T, seed uint64, rows, cols uint16, vectors uint8) {
		r := rand.New(rand.NewPCG(seed, 5))
		x := random(r, 1+int(rows)%400, 1+int(cols)%700)
		n, d := x.Dims()
		v := random(r, 1+int(vectors)%20, n)
		list := make([][]float64, 0, n)
		for i := range v.RawMatrix().Rows {
			list = append(list, v.RawRowView(i))
		}
		var want mat.Dense
		want.Mul(v, x)
		each(t, func(t *testing.T, w *Worker) {
			exact, err := w.Combine(context.Background(), list, d, segments(x))
			if err != nil {
				t.Fatal(err)
			}
			rough, err := w.CombineSingle(context.Background(), list, d, rounded(x))
			if err != nil {
				t.Fatal(err)
			}
			for c := range list {
				for j := range d {
					if off := math.Abs(exact[c][j] - want.At(c, j)); !(off < 1e-10) {
						t.Fatalf("sum %d of column %d is off by %g", c, j, off)
					}
					var terms float64 // roundings grow with them
					for i, a := range list[c] {
						terms += math.Abs(a * x.At(i, j))
					}
					if off := math.Abs(rough[c][j] - want.At(c, j)); !(off < single*(1+terms)) {
						t.Fatalf("sum %d of column %d in float32 is off by %g", c, j, off)
					}
				}
			}
		})
	})
}
