package symmetric

import (
	"context"

	"finetune/internal/linalg/dense"
)

// A Segment writes columns [col, col+len(dst)) of a row of a matrix to dst. It is called from several goroutines.
type Segment[F float32 | float64] func(dst []F, row, col int)

// gramDepth is how many columns or rows are taken at a time.
const gramDepth = 512

// Rows adds X·Xᵀ to m, for X of m.N rows and the given number of columns. It stops when ctx ends.
func (w *Worker) Rows(ctx context.Context, m Matrix, cols int, x Segment[float64]) error {
	return w.factors.rows(ctx, m, cols, x)
}

// RowsSingle is Rows for X in float32, in half the time. Of a product of two rows [pieceDepth] columns at a time are
// summed in float32, and these sums in float64. In float32 alone the matrix of many columns has negative eigenvalues.
func (w *Worker) RowsSingle(ctx context.Context, m Matrix, cols int, x Segment[float32]) error {
	return w.single.rows(ctx, m, cols, x)
}

func (f *factors[F]) rows(ctx context.Context, m Matrix, cols int, x Segment[F]) error {
	buffers := buffers[F](f.pool, gramDepth)
	for k0 := 0; k0 < cols; k0 += gramDepth {
		if err := ctx.Err(); err != nil {
			return err
		}
		depth := min(gramDepth, cols-k0)
		f.left.resize(m.N, depth)
		f.right.resize(m.N, depth)
		const some = blockCols // whole groups, so that no two workers write to one
		f.pool.Run(ceilDiv(m.N, some), func(block, worker int) {
			row := buffers[worker][:depth]
			for i := block * some; i < min((block+1)*some, m.N); i++ {
				x(row, i, k0)
				f.left.put(i, row, 1)
				f.right.put(i, row, 1)
			}
		})
		f.update(m, 0)
	}
	return nil
}

// Columns adds Xᵀ·X to m, for X of the given number of rows and m.N columns. It stops when ctx ends.
func (w *Worker) Columns(ctx context.Context, m Matrix, rows int, x Segment[float64]) error {
	f := &w.factors
	buffers := buffers[float64](f.pool, m.N)
	for k0 := 0; k0 < rows; k0 += gramDepth {
		if err := ctx.Err(); err != nil {
			return err
		}
		depth := min(gramDepth, rows-k0)
		f.left.resize(m.N, depth)
		f.right.resize(m.N, depth)
		f.pool.Run(depth, func(k, worker int) {
			row := buffers[worker]
			x(row, k0+k, 0)
			f.left.putAcross(k, 0, row)
			f.right.putAcross(k, 0, row)
		})
		f.update(m, 0)
	}
	return nil
}

// buffers returns scratch memory for each worker of the pool.
func buffers[F float32 | float64](pool *dense.Pool, n int) [][]F {
	out := make([][]F, pool.Workers())
	for i := range out {
		out[i] = make([]F, n)
	}
	return out
}
