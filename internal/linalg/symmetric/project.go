package symmetric

import "finetune/internal/linalg/kernel"

// A Projector multiplies rows by an inverse factor M on the workers of a pool.
type Projector struct {
	kernel *kernel.Double[float64]
	n      int
	right  packed[float64]   // the rows of M
	left   []packed[float64] // a worker each: the rows to be multiplied
	tiles  [][]float64
	rows   [][]float64
}

// Projector copies the inverse factor, which may change afterwards.
func (w *Worker) Projector(m Matrix) *Projector {
	p := &Projector{
		kernel: w.factors.kernel, n: m.N, right: packed[float64]{width: w.factors.kernel.Cols},
		left: make([]packed[float64], w.pool.Workers()), tiles: w.factors.tiles, rows: buffers[float64](w.pool, m.N),
	}
	for i := range p.left {
		p.left[i].width = p.kernel.Rows
	}
	p.right.resize(m.N, m.N)
	clear(p.right.data)
	w.pool.Run(ceilDiv(m.N, blockCols), func(block, _ int) {
		for i := block * blockCols; i < min((block+1)*blockCols, m.N); i++ {
			p.right.put(i, m.Row(i), 1)
		}
	})
	return p
}

// Project writes M·x for a number of rows x to the rows of dst, which has n columns. It is for a job of the pool:
// row(dst, i) writes row i to dst.
func (p *Projector) Project(worker int, dst []float64, rows int, row func(dst []float64, i int)) {
	left, tile := &p.left[worker], p.tiles[worker]
	left.resize(rows, p.n)
	for i := range rows {
		row(p.rows[worker], i)
		left.put(i, p.rows[worker], 1)
	}
	height, width := p.kernel.Rows, p.kernel.Cols
	clear(dst[:rows*p.n])
	for k := 0; k < p.n; k += pieceDepth {
		for j := k / width * width; j < p.n; j += width { // M has no elements beyond the diagonal
			depth := min(pieceDepth, p.n-k, j+width-k)
			right := p.right.group(j/width, k)
			for i := 0; i < rows; i += height {
				a := left.group(i/height, k)
				if i+height <= rows && j+width <= p.n {
					p.kernel.Outer(depth, a, right, width, dst[i*p.n+j:], p.n)
					continue
				}
				clear(tile)
				p.kernel.Outer(depth, a, right, width, tile, width)
				for r := i; r < min(i+height, rows); r++ {
					for c := j; c < min(j+width, p.n); c++ {
						dst[r*p.n+c] += tile[(r-i)*width+c-j]
					}
				}
			}
		}
	}
}
