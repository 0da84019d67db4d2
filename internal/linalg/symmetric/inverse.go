package symmetric

import (
	"context"
	"errors"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// ErrNotPositive says that a matrix isn't positive definite but for rounding.
var ErrNotPositive = errors.New("symmetric: matrix isn't positive definite")

// step is how many columns InverseFactor eliminates at a time: a whole number of groups of every kernel.
const step = 192

// InverseFactor replaces a positive definite matrix A by the inverse M of its Cholesky factor, so that A⁻¹ = MᵀM. It
// takes ⅔n³ operations, nearly all of them in updates of the whole matrix by a few columns: the columns of the factor
// leave their places to those of the inverse as they are found. It stops when ctx ends, and leaves A spoilt after an
// error.
func (w *Worker) InverseFactor(ctx context.Context, a Matrix) error {
	diagonal := make([]float64, step*step)
	for k := 0; k < a.N; k += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(step, a.N-k)
		inverse := blas64.Triangular{Uplo: blas.Lower, Diag: blas.NonUnit, N: n, Stride: n, Data: diagonal[:n*n]}
		if !invertBlock(a, k, inverse) {
			return ErrNotPositive
		}
		w.eliminate(a, k, inverse)
	}
	return nil
}

// invertBlock writes the inverse of the Cholesky factor of the block on the diagonal that begins at k.
func invertBlock(a Matrix, k int, inverse blas64.Triangular) bool {
	clear(inverse.Data)
	for i := range inverse.N {
		copy(inverse.Data[i*inverse.N:], a.Row(k + i)[k:])
	}
	_, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Lower, N: inverse.N, Stride: inverse.Stride, Data: inverse.Data})
	return ok && lapack64.Trtri(inverse)
}

// eliminate takes the columns of a block on the diagonal, whose inverse factor D is given. With P = A₂₁Dᵀ, the
// columns of the factor below it, and X = D·[M₁₀ I], the rows of the inverse beside it, the rows below change by
// −P·[X Pᵀ].
func (w *Worker) eliminate(a Matrix, k int, inverse blas64.Triangular) {
	n := inverse.N
	next := k + n
	below := a.N - next
	w.panel = slices.Grow(w.panel[:0], below*n)[:below*n]
	w.strip = slices.Grow(w.strip[:0], n*k)[:n*k]
	w.factors.left.resize(below, n)
	w.factors.right.resize(a.N, n)
	d := w.Projector(Matrix{N: n, Stride: n, Data: inverse.Data})
	w.takePanel(a, k, d)
	w.takeStrip(a, k, d, inverse)
	w.factors.update(a, next)
}

const (
	panelRows = blockCols
	stripCols = blockCols
)

// takePanel computes P, packs −P and Pᵀ, and clears the places of P, which belong to the inverse from here on.
func (w *Worker) takePanel(a Matrix, k int, d *Projector) {
	n := d.n
	next := k + n
	below := a.N - next
	w.pool.Run(ceilDiv(below, panelRows), func(block, worker int) {
		first := block * panelRows
		rows := min(panelRows, below-first)
		p := w.panel[first*n : (first+rows)*n]
		d.Project(worker, p, rows, func(dst []float64, i int) {
			place := a.Row(next + first + i)[k:next]
			copy(dst, place)
			clear(place)
		})
		for i := range rows {
			row := p[i*n : (i+1)*n]
			w.factors.left.put(first+i, row, -1)
			w.factors.right.put(next+first+i, row, 1)
		}
	})
}

// takeStrip computes X, which is final, stores and packs it.
func (w *Worker) takeStrip(a Matrix, k int, d *Projector, inverse blas64.Triangular) {
	n := d.n
	for i := range n {
		row := inverse.Data[i*n : (i+1)*n]
		copy(a.Row(k + i)[k:], row)
		w.factors.right.putAcross(i, k, row)
	}
	w.pool.Run(ceilDiv(k, stripCols), func(block, worker int) {
		first := block * stripCols
		cols := min(stripCols, k-first)
		x := w.strip[first*n : (first+cols)*n] // transposed
		d.Project(worker, x, cols, func(dst []float64, j int) {
			for i := range dst {
				dst[i] = a.Data[(k+i)*a.Stride+first+j]
			}
		})
		for i := range n {
			row := a.Row(k + i)[first : first+cols]
			for j := range row {
				row[j] = x[j*n+i]
			}
			w.factors.right.putAcross(i, first, row)
		}
	})
}
