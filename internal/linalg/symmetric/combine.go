package symmetric

import "context"

// Combine returns Xᵀ·v of each of the vectors, for X of as many rows as a vector has elements and the given number of
// columns. It stops when ctx ends.
func (w *Worker) Combine(ctx context.Context, vectors [][]float64, cols int, x Segment[float64]) ([][]float64, error) {
	return w.factors.combine(ctx, vectors, cols, x)
}

// CombineSingle is Combine for X and vectors rounded to float32, in less time. Sums are taken as those of
// [Worker.RowsSingle].
func (w *Worker) CombineSingle(
	ctx context.Context, vectors [][]float64, cols int, x Segment[float32],
) ([][]float64, error) {
	return w.single.combine(ctx, vectors, cols, x)
}

func (f *factors[F]) combine(ctx context.Context, vectors [][]float64, cols int, x Segment[F]) ([][]float64, error) {
	rows := len(vectors[0])
	f.left.resize(len(vectors), rows)
	out := make([][]float64, len(vectors))
	rounded := make([]F, rows)
	for c, v := range vectors {
		out[c] = make([]float64, cols)
		for i := range v {
			rounded[i] = F(v[i])
		}
		f.left.put(c, rounded, 1)
	}
	height, width := f.kernel.Rows, f.kernel.Cols
	tall := ceilDiv(len(vectors), height) * height
	segments, sums := buffers[F](f.pool, pieceDepth*blockCols), buffers[float64](f.pool, tall*blockCols)
	f.pool.Run(ceilDiv(cols, blockCols), func(block, worker int) {
		first := block * blockCols
		n := min(blockCols, cols-first)
		segment, sum := segments[worker], sums[worker]
		clear(segment)
		clear(sum)
		for k := 0; k < rows && ctx.Err() == nil; k += pieceDepth {
			depth := min(pieceDepth, rows-k)
			for i := range depth {
				x(segment[i*blockCols:][:n], k+i, first)
			}
			for j := 0; j < n; j += width {
				for c := 0; c < tall; c += height {
					f.kernel.Outer(depth, f.left.group(c/height, k), segment[j:], blockCols, sum[c*blockCols+j:], blockCols)
				}
			}
		}
		for c := range out {
			copy(out[c][first:], sum[c*blockCols:][:n])
		}
	})
	return out, ctx.Err()
}
