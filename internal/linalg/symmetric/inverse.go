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
	w.strip = slices.Grow(w.strip[:0], n*next)[:n*next]
	w.left.resize(below, n)
	w.right.resize(a.N, n)
	w.takePanel(a, k, inverse)
	w.takeStrip(a, k, inverse)
	w.update(a, next)
}

const (
	panelRows = blockCols
	stripCols = blockCols
)

// takePanel computes P, packs −P and Pᵀ, and clears the places of P, which belong to the inverse from here on.
func (w *Worker) takePanel(a Matrix, k int, inverse blas64.Triangular) {
	n := inverse.N
	next := k + n
	below := a.N - next
	w.pool.Run(ceilDiv(below, panelRows), func(block, _ int) {
		first := block * panelRows
		rows := min(panelRows, below-first)
		p := blas64.General{Rows: rows, Cols: n, Stride: n, Data: w.panel[first*n : (first+rows)*n]}
		for i := range rows {
			place := a.Row(next + first + i)[k:next]
			copy(p.Data[i*n:], place)
			clear(place)
		}
		blas64.Trmm(blas.Right, blas.Trans, 1, inverse, p)
		for i := range rows {
			row := p.Data[i*n : (i+1)*n]
			w.left.put(first+i, row, -1)
			w.right.put(next+first+i, row, 1)
		}
	})
}

// takeStrip computes X, which is final, stores and packs it.
func (w *Worker) takeStrip(a Matrix, k int, inverse blas64.Triangular) {
	n := inverse.N
	next := k + n
	for i := range n {
		row := a.Row(k + i)
		copy(row[k:], inverse.Data[i*n:])
		w.right.putAcross(i, k, inverse.Data[i*n:(i+1)*n])
	}
	w.pool.Run(ceilDiv(k, stripCols), func(block, _ int) {
		first := block * stripCols
		cols := min(stripCols, k-first)
		x := blas64.General{Rows: n, Cols: cols, Stride: next, Data: w.strip[first:]}
		for i := range n {
			copy(x.Data[i*next:i*next+cols], a.Row(k + i)[first:])
		}
		blas64.Trmm(blas.Left, blas.NoTrans, 1, inverse, x)
		for i := range n {
			row := x.Data[i*next : i*next+cols]
			copy(a.Row(k + i)[first:], row)
			w.right.putAcross(i, first, row)
		}
	})
}
