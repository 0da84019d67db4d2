package closedform

import (
	"context"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/symmetric"
)

// A ridge is the regression of the cumulative targets on the rows, by way of an n × n or a D × D system.
type ridge interface {
	// fit solves for one λ, absolute, and returns the solution, a vector for each output.
	fit(ctx context.Context, lambda float64) (solution [][]float64, err error)
	// leaveOut returns predictions of the rows of the given groups, one group after the other, by the regression that
	// was fitted last but without the group: cumulative probabilities, rows × outputs, neither monotone nor within [0,
	// 1].
	leaveOut(ctx context.Context, groups []int) ([]float64, error)
	// coefficients returns those of the scaled columns, a vector for each output.
	coefficients(ctx context.Context, solution [][]float64) ([][]float64, error)
}

// mostDual is the most rows of which the n × n system is taken: it has 3.2 GB.
const mostDual = 20000

func newRidge(ctx context.Context, pool *dense.Pool, r *rows) (ridge, error) {
	if r.dual() {
		return newDual(ctx, pool, r)
	}
	return newPrimal(ctx, pool, r)
}

// leaveGroupOut replaces the weighted residuals of a group, rows × outputs, by those of a regression without the
// group: they are (I − H)⁻¹ times as large, for the block H of the hat matrix, of which I − H is given by its lower
// triangle. It reports whether the others determine a prediction.
func leaveGroupOut(rest, residuals []float64, rows, outputs int) bool {
	if rows == 1 {
		for c := range residuals {
			residuals[c] /= rest[0]
		}
		return rest[0] > 0
	}
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Lower, N: rows, Stride: rows, Data: rest})
	if ok {
		lapack64.Potrs(factor, blas64.General{Rows: rows, Cols: outputs, Stride: outputs, Data: residuals})
	}
	return ok
}

// scores turns residuals without the group into predictions, in place.
func (r *rows) scores(group symmetric.Span, residuals []float64) {
	for i := range group.Len() {
		for c := range r.outputs {
			at := i*r.outputs + c
			residuals[at] = r.targets[(group.First+i)*r.outputs+c] - residuals[at]/r.root[group.First+i]
		}
	}
}
