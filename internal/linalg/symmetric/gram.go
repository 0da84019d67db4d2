package symmetric

import "context"

// A Segment writes columns [col, col+len(dst)) of a row of a matrix to dst. It is called from several goroutines.
type Segment func(dst []float64, row, col int)

// gramDepth is how many columns or rows are taken at a time.
const gramDepth = 512

// Rows adds X·Xᵀ to m, for X of m.N rows and the given number of columns. It stops when ctx ends.
func (w *Worker) Rows(ctx context.Context, m Matrix, cols int, x Segment) error {
	buffers := w.buffers(gramDepth)
	for k0 := 0; k0 < cols; k0 += gramDepth {
		if err := ctx.Err(); err != nil {
			return err
		}
		depth := min(gramDepth, cols-k0)
		w.left.resize(m.N, depth)
		w.right.resize(m.N, depth)
		const some = blockCols // whole groups, so that no two workers write to one
		w.pool.Run(ceilDiv(m.N, some), func(block, worker int) {
			row := buffers[worker][:depth]
			for i := block * some; i < min((block+1)*some, m.N); i++ {
				x(row, i, k0)
				w.left.put(i, row, 1)
				w.right.put(i, row, 1)
			}
		})
		w.update(m, 0)
	}
	return nil
}

// Columns adds Xᵀ·X to m, for X of the given number of rows and m.N columns. It stops when ctx ends.
func (w *Worker) Columns(ctx context.Context, m Matrix, rows int, x Segment) error {
	buffers := w.buffers(m.N)
	for k0 := 0; k0 < rows; k0 += gramDepth {
		if err := ctx.Err(); err != nil {
			return err
		}
		depth := min(gramDepth, rows-k0)
		w.left.resize(m.N, depth)
		w.right.resize(m.N, depth)
		w.pool.Run(depth, func(k, worker int) {
			row := buffers[worker]
			x(row, k0+k, 0)
			w.left.putAcross(k, 0, row)
			w.right.putAcross(k, 0, row)
		})
		w.update(m, 0)
	}
	return nil
}

// buffers returns scratch memory for each worker of the pool.
func (w *Worker) buffers(n int) [][]float64 {
	out := make([][]float64, w.pool.Workers())
	for i := range out {
		out[i] = make([]float64, n)
	}
	return out
}
