package symmetric

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"finetune/internal/linalg/dense"
)

// TestSolve compares solutions, blocks of the inverse and projections with gonum's inverse.
func TestSolve(t *testing.T) {
	each(t, func(t *testing.T, w *Worker) {
		for _, n := range []int{1, 7, 130, 300} {
			m, a := positive(rand.New(rand.NewPCG(9, uint64(n))), n, n)
			if err := w.InverseFactor(context.Background(), m); err != nil {
				t.Fatal(err)
			}
			var inverse mat.Dense
			if err := inverse.Inverse(a); err != nil {
				t.Fatal(err)
			}
			checkSolve(t, w, m, &inverse)
			checkBlocks(t, w, m, &inverse)
			checkProjection(t, w, m, &inverse)
		}
	})
}

const close = 1e-8

func checkSolve(t *testing.T, w *Worker, m Matrix, inverse *mat.Dense) {
	x := random(rand.New(rand.NewPCG(1, 1)), 2, m.N)
	var want mat.Dense
	want.Mul(x, inverse)
	if err := w.Solve(context.Background(), m, [][]float64{x.RawRowView(0), x.RawRowView(1)}); err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(x, &want, close) {
		t.Errorf("n = %d: another solution than gonum's", m.N)
	}
}

func checkBlocks(t *testing.T, w *Worker, m Matrix, inverse *mat.Dense) {
	var spans []Span
	for first, size := 0, 1; first < m.N; first, size = first+size, size%5+1 {
		spans = append(spans, Span{first, min(first+size, m.N)})
	}
	seen := make([]int, len(spans))
	err := w.Blocks(context.Background(), m, spans, func(number int, block []float64) {
		s := spans[number]
		seen[number]++
		for i := range s.Len() {
			for j := range i + 1 {
				if d := block[i*s.Len()+j] - inverse.At(s.First+i, s.First+j); !(math.Abs(d) < close) {
					t.Errorf("n = %d: block %d is off by %g", m.N, number, d)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for number, times := range seen {
		if times != 1 {
			t.Errorf("block %d came %d times", number, times)
		}
	}
}

func checkProjection(t *testing.T, w *Worker, m Matrix, inverse *mat.Dense) {
	const rows = 13
	x := random(rand.New(rand.NewPCG(2, 2)), rows, m.N)
	v := make([]float64, rows*m.N)
	w.Projector(m).Project(0, v, rows, func(dst []float64, i int) { copy(dst, x.RawRowView(i)) })
	var want, got mat.Dense
	want.Product(x, inverse, x.T())
	got.Mul(mat.NewDense(rows, m.N, v), mat.NewDense(rows, m.N, v).T())
	if !mat.EqualApprox(&got, &want, close) {
		t.Errorf("n = %d: projections have other products than gonum's", m.N)
	}
}

func TestSolveCancelled(t *testing.T) {
	pool := dense.NewPool(1)
	defer pool.Close()
	w := NewWorker(pool)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if w.Solve(ctx, New(2), [][]float64{{1, 2}}) == nil ||
		w.Blocks(ctx, New(2), []Span{{0, 2}}, func(int, []float64) {}) == nil {
		t.Error("no error after the context ended")
	}
}
