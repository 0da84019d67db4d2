package closedform

import (
	"context"
	"slices"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"

	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/symmetric"
)

// primal is the regression by the Gram matrix of the columns: (XᵀX + λI) B = XᵀT. Rows are read from where they lie,
// a few at a time and twice in all, so the features may be larger than memory.
type primal struct {
	*rows
	pool         *dense.Pool
	algebra      *symmetric.Worker
	gram, factor symmetric.Matrix // gram has K−1 more rows, XᵀT
	solution     [][]float64
}

func newPrimal(ctx context.Context, pool *dense.Pool, r *rows) (*primal, error) {
	cols := r.problem.Cols
	p := &primal{
		rows: r, pool: pool, algebra: symmetric.NewWorker(pool),
		gram: symmetric.New(cols + r.outputs), factor: symmetric.New(cols),
	}
	return p, p.algebra.Columns(ctx, p.gram, len(r.order), func(dst []float64, place, _ int) {
		r.segment(dst[:cols], place, 0)
		for c := range r.outputs {
			dst[cols+c] = r.weightedTarget(place, c)
		}
	})
}

func (p *primal) fit(ctx context.Context, lambda float64) ([][]float64, error) {
	penalised(p.pool, p.factor, p.gram.Leading(p.factor.N), lambda)
	if err := p.algebra.InverseFactor(ctx, p.factor); err != nil {
		return nil, asInvalid(err, symmetric.ErrNotPositive)
	}
	p.solution = make([][]float64, p.outputs)
	for c := range p.solution {
		p.solution[c] = slices.Clone(p.gram.Row(p.factor.N + c)[:p.factor.N])
	}
	return p.solution, p.algebra.Solve(ctx, p.factor, p.solution)
}

func (p *primal) coefficients(_ context.Context, solution [][]float64) ([][]float64, error) {
	return solution, nil
}

// projectedRows is how many rows are projected at a time, at least: more read the factor less often.
const projectedRows = 192

// leaveOut takes the block of the hat matrix from the rows times the inverse factor M: H = ssᵀ + (MXᵀ)ᵀ(MXᵀ) with s
// the direction of the intercept.
func (p *primal) leaveOut(ctx context.Context, groups []int) ([]float64, error) {
	spans := make([]symmetric.Span, len(groups))
	starts := make([]int, len(groups)) // row of the result
	n := 0
	for i, g := range groups {
		spans[i], starts[i] = p.groups[g], n
		n += spans[i].Len()
	}
	out := make([]float64, n*p.outputs)
	projector := p.algebra.Projector(p.factor)
	parts := symmetric.Parts(spans, projectedRows)
	projected := make([][]float64, p.pool.Workers())
	var failed atomic.Bool
	p.pool.Run(len(parts), func(part, worker int) {
		if ctx.Err() != nil {
			return
		}
		some := spans[parts[part].First:parts[part].End]
		v := &projected[worker]
		first := starts[parts[part].First]
		if !p.leaveSome(projector, worker, some, v, out[first*p.outputs:]) {
			failed.Store(true)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if failed.Load() {
		return nil, errUndetermined
	}
	return out, nil
}

// leaveSome writes the predictions of a few groups to out. projected is scratch memory.
func (p *primal) leaveSome(
	projector *symmetric.Projector, worker int, groups []symmetric.Span, projected *[]float64, out []float64,
) bool {
	ok := true
	for len(groups) > 0 {
		few := 0
		for few < len(groups) && groups[few].Len() <= max(p.factor.N+1, projectedRows) {
			few++
		}
		end := max(1, few)
		if few > 0 {
			ok = p.leaveSmall(projector, worker, groups[:few], projected, out) && ok
		} else {
			ok = p.leaveLarge(projector, worker, groups[0], projected, out) && ok
		}
		for _, g := range groups[:end] {
			out = out[g.Len()*p.outputs:]
		}
		groups = groups[end:]
	}
	return ok
}

// leaveLarge does so for a group with more rows than there are columns. With B = [(MXᵀ)ᵀ s] for its rows,
// (I − BBᵀ)⁻¹ = I + B (I − BᵀB)⁻¹ Bᵀ, so that time grows with the rows and memory doesn't.
func (p *primal) leaveLarge(projector *symmetric.Projector, worker int, g symmetric.Span, projected *[]float64, out []float64) bool {
	cols := p.factor.N
	side := cols + 1
	inner := blas64.Symmetric{Uplo: blas.Lower, N: side, Stride: side, Data: make([]float64, side*side)}
	for i := range side {
		inner.Data[i*side+i] = 1
	}
	sums := blas64.General{Rows: side, Cols: p.outputs, Stride: p.outputs, Data: make([]float64, side*p.outputs)}
	b := make([]float64, projectedRows*side)
	*projected = slices.Grow((*projected)[:0], projectedRows*cols)[:projectedRows*cols]
	// each calls do with a few rows of B at a time and their residuals.
	each := func(row func(dst []float64, place int), do func(b, residuals blas64.General)) {
		for first := g.First; first < g.End; first += projectedRows {
			n := min(projectedRows, g.End-first)
			projector.Project(worker, (*projected)[:n*cols], n, func(dst []float64, i int) { row(dst, first+i) })
			for i := range n {
				copy(b[i*side:], (*projected)[i*cols:(i+1)*cols])
				b[i*side+cols] = p.share[first+i]
			}
			do(blas64.General{Rows: n, Cols: side, Stride: side, Data: b},
				blas64.General{Rows: n, Cols: p.outputs, Stride: p.outputs, Data: out[(first-g.First)*p.outputs:][:n*p.outputs]})
		}
	}
	each(func(dst []float64, place int) {
		p.segment(dst, place, 0)
		for c, s := range p.solution {
			out[(place-g.First)*p.outputs+c] = p.weightedTarget(place, c) - floats.Dot(dst, s)
		}
	}, func(b, residuals blas64.General) {
		blas64.Syrk(blas.Trans, -1, b, 1, inner)
		blas64.Gemm(blas.Trans, blas.NoTrans, 1, b, residuals, 1, sums)
	})
	factor, ok := lapack64.Potrf(inner)
	if !ok {
		return false
	}
	lapack64.Potrs(factor, sums)
	each(func(dst []float64, place int) { p.segment(dst, place, 0) }, func(b, residuals blas64.General) {
		blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, b, sums, 1, residuals)
	})
	p.scores(g, out[:g.Len()*p.outputs])
	return true
}

// leaveSmall does so for groups of which the whole block of the hat matrix is made.
func (p *primal) leaveSmall(
	projector *symmetric.Projector, worker int, groups []symmetric.Span, projected *[]float64, out []float64,
) bool {
	var places []int
	for _, g := range groups {
		for i := g.First; i < g.End; i++ {
			places = append(places, i)
		}
	}
	cols := p.factor.N
	*projected = slices.Grow((*projected)[:0], len(places)*cols)[:len(places)*cols]
	projector.Project(worker, *projected, len(places), func(dst []float64, i int) {
		p.segment(dst, places[i], 0)
		for c, s := range p.solution {
			out[i*p.outputs+c] = p.weightedTarget(places[i], c) - floats.Dot(dst, s)
		}
	})
	ok := true
	first := 0
	for _, g := range groups {
		n := g.Len()
		rest := make([]float64, n*n)
		for i := range n {
			a := (*projected)[(first+i)*cols : (first+i+1)*cols]
			for j := range i + 1 {
				b := (*projected)[(first+j)*cols : (first+j+1)*cols]
				rest[i*n+j] = -p.share[g.First+i]*p.share[g.First+j] - floats.Dot(a, b)
			}
			rest[i*n+i]++
		}
		residuals := out[first*p.outputs : (first+n)*p.outputs]
		ok = leaveGroupOut(rest, residuals, n, p.outputs) && ok
		p.scores(g, residuals)
		first += n
	}
	return ok
}
