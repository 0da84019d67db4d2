package symmetric

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

// factors are the two of the update under way.
type factors[F float32 | float64] struct {
	pool        *dense.Pool
	kernel      *kernel.Double[F]
	left, right packed[F]
	tiles       [][]float64 // a worker of the pool each: a tile that reaches beyond the matrix
}

func newFactors[F float32 | float64](pool *dense.Pool, k *kernel.Double[F]) factors[F] {
	return factors[F]{
		pool: pool, kernel: k, left: packed[F]{width: k.Rows}, right: packed[F]{width: k.Cols},
		tiles: buffers[float64](pool, k.Rows*k.Cols),
	}
}

// Sizes of the parts of an update. A group of right vectors, pieceDepth deep, stays in the first-level cache while
// the left ones pass, and a block of the result with its left vectors in the second.
const (
	pieceDepth = 128
	blockRows  = 96  // a whole number of groups of every kernel
	blockCols  = 192 // likewise
)

// update adds to rows [first, m.N) of m, up to the diagonal, the product of the packed vectors: element (i, j) grows
// by left vector i−first times right vector j. first is a whole number of groups.
func (f *factors[F]) update(m Matrix, first int) {
	colBlocks := ceilDiv(m.N, blockCols)
	f.pool.Run(ceilDiv(m.N-first, blockRows)*colBlocks, func(block, worker int) {
		i, j := first+block/colBlocks*blockRows, block%colBlocks*blockCols
		last := min(i+blockRows, m.N)
		if j >= last {
			return // above the diagonal
		}
		for k := 0; k < f.left.depth; k += pieceDepth {
			f.updateBlock(m, first, i, last, j, k, f.tiles[worker])
		}
	})
}

// updateBlock adds a piece of the depth, from k0 on, to rows [i0, i1) of a block that begins in column j0.
func (f *factors[F]) updateBlock(m Matrix, first, i0, i1, j0, k0 int, tile []float64) {
	rows, cols := f.kernel.Rows, f.kernel.Cols
	depth := min(pieceDepth, f.left.depth-k0)
	for j := j0; j < min(j0+blockCols, i1); j += cols {
		right := f.right.group(j/cols, k0)
		// Rows above the diagonal tile take no part.
		for i := max(i0, j/rows*rows); i < i1; i += rows {
			left := f.left.group((i-first)/rows, k0)
			if i+rows <= m.N && j+cols <= m.Stride {
				f.kernel.Outer(depth, left, right, cols, m.Data[i*m.Stride+j:], m.Stride)
				continue
			}
			clear(tile)
			f.kernel.Outer(depth, left, right, cols, tile, cols)
			for r := i; r < min(i+rows, m.N); r++ {
				for c := j; c < min(j+cols, r+1); c++ {
					m.Data[r*m.Stride+c] += tile[(r-i)*cols+c-j]
				}
			}
		}
	}
}
