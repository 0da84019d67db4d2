package closedform

import (
	"context"
	"sync/atomic"

	"gonum.org/v1/gonum/floats"

	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/symmetric"
)

// dual is the regression by the Gram matrix G of the rows: (G + λI) α = T. It is the shorter way with fewer rows than
// columns.
type dual struct {
	*rows
	pool         *dense.Pool
	algebra      *symmetric.Worker
	gram, factor symmetric.Matrix
	spend        bool // the next fit is the only one, so that the factor takes the place of the Gram matrix
	lambda       float64
	solution     [][]float64
}

func newDual(ctx context.Context, pool *dense.Pool, r *rows) (*dual, error) {
	n := len(r.order)
	d := &dual{rows: r, pool: pool, algebra: symmetric.NewWorker(pool), gram: symmetric.New(n)}
	if n < manyRows {
		return d, d.algebra.Rows(ctx, d.gram, r.problem.Cols, r.segment)
	}
	return d, d.algebra.RowsSingle(ctx, d.gram, r.problem.Cols, r.singleSegment)
}

// leaders is the regression on the leading groups alone.
func (d *dual) leaders() *dual {
	part := d.rows.leaders()
	n := len(part.order)
	return &dual{rows: part, pool: d.pool, algebra: d.algebra, gram: d.gram.Leading(n)}
}

// manyRows are so many that their products take a time that can be felt. They are then taken in float32 and summed in
// float64, which takes half of it and moves predictions by less than 1e-5 (TestSingle).
const manyRows = 1000

func (d *dual) fit(ctx context.Context, lambda float64) ([][]float64, error) {
	d.lambda = lambda
	switch {
	case d.spend:
		d.factor = d.gram
	case d.factor.N == 0:
		d.factor = symmetric.New(d.gram.N)
	}
	penalised(d.pool, d.factor, d.gram, lambda)
	if err := d.algebra.InverseFactor(ctx, d.factor); err != nil {
		return nil, asInvalid(err, symmetric.ErrNotPositive)
	}
	d.solution = make([][]float64, d.outputs)
	for c := range d.solution {
		d.solution[c] = make([]float64, d.gram.N)
		for i := range d.solution[c] {
			d.solution[c][i] = d.weightedTarget(i, c)
		}
	}
	return d.solution, d.algebra.Solve(ctx, d.factor, d.solution)
}

// penalised writes g + λI to dst.
func penalised(pool *dense.Pool, dst, g symmetric.Matrix, lambda float64) {
	pool.Run(dst.N, func(i, _ int) {
		row := dst.Row(i)
		copy(row, g.Row(i))
		row[i] += lambda
	})
}

// leaveOut needs all groups. The residuals are λα, and I − H = λ(G + λI)⁻¹ − ssᵀ with s the direction of the
// intercept.
func (d *dual) leaveOut(ctx context.Context, groups []int) ([]float64, error) {
	out := make([]float64, len(d.order)*d.outputs)
	var failed atomic.Bool
	err := d.algebra.Blocks(ctx, d.factor, d.groups, func(number int, rest []float64) {
		g := d.groups[number]
		n := g.Len()
		for i := range n {
			floats.Scale(d.lambda, rest[i*n:i*n+i+1])
			floats.AddScaled(rest[i*n:i*n+i+1], -d.share[g.First+i], d.share[g.First:g.First+i+1])
		}
		residuals := out[g.First*d.outputs : g.End*d.outputs]
		for i := range n {
			for c, s := range d.solution {
				residuals[i*d.outputs+c] = d.lambda * s[g.First+i]
			}
		}
		if !leaveGroupOut(rest, residuals, n, d.outputs) {
			failed.Store(true)
		}
		d.scores(g, residuals)
	})
	if failed.Load() && err == nil {
		err = errUndetermined
	}
	return out, err
}

// coefficients are Xᵀα.
func (d *dual) coefficients(ctx context.Context, solution [][]float64) ([][]float64, error) {
	if len(d.order) < manyRows {
		return d.algebra.Combine(ctx, solution, d.problem.Cols, d.segment)
	}
	return d.algebra.CombineSingle(ctx, solution, d.problem.Cols, d.singleSegment)
}
