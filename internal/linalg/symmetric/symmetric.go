// Package symmetric holds what ridge regression needs of symmetric matrices in float64: Gram matrices and the inverse
// of the Cholesky factor, blocked for caches and computed on the workers of a dense.Pool. An element is summed in one
// order whatever the number of workers, so results are the same bytes on 1 and 64 cores; they differ in the last bits
// between processors with other kernels (package kernel).
//
// It holds no eigenvalues and no general solvers: use gonum for those, and for small matrices.
package symmetric

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

// A Matrix is a row-major square matrix of which the elements on and below the diagonal count. Those above hold
// anything.
type Matrix struct {
	N, Stride int
	Data      []float64 // element (i, j) is Data[i*Stride+j]
}

// New returns a matrix of zeros.
func New(n int) Matrix { return Matrix{N: n, Stride: n, Data: make([]float64, n*n)} }

// Row returns the elements of row i up to the diagonal.
func (m Matrix) Row(i int) []float64 { return m.Data[i*m.Stride : i*m.Stride+i+1] }

// Leading returns the view of the first n rows and columns.
func (m Matrix) Leading(n int) Matrix { return Matrix{N: n, Stride: m.Stride, Data: m.Data} }

// A Worker computes on a pool. It keeps its scratch memory from call to call and belongs to the goroutine of the
// pool.
type Worker struct {
	pool         *dense.Pool
	factors      factors[float64]
	single       factors[float32]
	panel, strip []float64 // of InverseFactor: a block of columns and one of rows
}

// NewWorker returns a worker on the pool, which must stay open.
func NewWorker(pool *dense.Pool) *Worker {
	return newWorker(pool, kernel.BestDouble(), kernel.BestSingle())
}

func newWorker(pool *dense.Pool, double *kernel.Double[float64], single *kernel.Double[float32]) *Worker {
	return &Worker{pool: pool, factors: newFactors(pool, double), single: newFactors(pool, single)}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
