package dense

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Tile sizes. gonum's product starts goroutines of its own from four 64 × 64 blocks of the result up; a tile of
// at most 64 × 192 stays below that and is computed serially. tileDepth keeps the parts of both factors that a
// tile reads in the second-level cache.
const (
	tileRows  = 32
	tileCols  = 192
	tileDepth = 256
)

// A product is one C += op(A)·op(B) under way.
type product struct {
	a, b, c          Matrix
	transA, transB   blas.Transpose
	depth, colsTiles int
	kernel           gonum.Implementation
}

// MulABt writes C = A·Bᵀ for A of m × k, B of n × k and C of m × n. C must overlap neither factor; shapes that
// don't fit panic. The same holds for the other products.
func (p *Pool) MulABt(c, a, b Matrix) {
	p.run(product{a: a, b: b, c: c, transA: blas.NoTrans, transB: blas.Trans, depth: a.Cols},
		a.Rows, b.Rows, a.Cols == b.Cols, true)
}

// MulAB writes C = A·B for A of m × k, B of k × n and C of m × n.
func (p *Pool) MulAB(c, a, b Matrix) {
	p.run(product{a: a, b: b, c: c, transA: blas.NoTrans, transB: blas.NoTrans, depth: a.Cols},
		a.Rows, b.Cols, a.Cols == b.Rows, true)
}

// AddAtB adds Aᵀ·B to C for A of k × m, B of k × n and C of m × n. Each element is summed over k in order.
func (p *Pool) AddAtB(c, a, b Matrix) {
	p.run(product{a: a, b: b, c: c, transA: blas.Trans, transB: blas.NoTrans, depth: a.Rows},
		a.Cols, b.Cols, a.Rows == b.Rows, false)
}

func (p *Pool) run(job product, m, n int, inner, clearFirst bool) {
	if !inner || job.c.Rows != m || job.c.Cols != n {
		panic("dense: shapes of a product don't fit")
	}
	if m == 0 || n == 0 {
		return
	}
	if clearFirst {
		for i := range m {
			clear(job.c.Row(i))
		}
	}
	if job.depth == 0 {
		return
	}
	job.colsTiles = (n + tileCols - 1) / tileCols
	p.product = job
	p.Run((m+tileRows-1)/tileRows*job.colsTiles, p.productTile)
	p.product = product{}
}

// tile computes one tile of the result over the whole depth.
func (j *product) tile(block, _ int) {
	i0, j0 := block/j.colsTiles*tileRows, block%j.colsTiles*tileCols
	c := j.c.Slice(i0, j0, min(tileRows, j.c.Rows-i0), min(tileCols, j.c.Cols-j0))
	for k0 := 0; k0 < j.depth; k0 += tileDepth {
		k := min(tileDepth, j.depth-k0)
		a, b := j.a, j.b
		if j.transA == blas.Trans {
			a = a.Slice(k0, i0, k, c.Rows)
		} else {
			a = a.Slice(i0, k0, c.Rows, k)
		}
		if j.transB == blas.Trans {
			b = b.Slice(j0, k0, c.Cols, k)
		} else {
			b = b.Slice(k0, j0, k, c.Cols)
		}
		j.kernel.Sgemm(j.transA, j.transB, c.Rows, c.Cols, k, 1, a.Data, a.Stride, b.Data, b.Stride, 1, c.Data, c.Stride)
	}
}
