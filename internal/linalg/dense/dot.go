package dense

import "finetune/internal/linalg/kernel"

// Sizes of the parts of A·Bᵀ. Rows of both factors are read in pieces of at most dotDepth elements: as many rows as a
// tile of the kernel takes fit the first-level cache, and those of a block the second. Large blocks read the factors
// less often; a product too small to give every worker two is cut finer, which changes no sum.
const (
	dotDepth      = 512
	dotBlock      = 128 // the most rows and columns of a block of C
	leastDotBlock = 32

	// With no more columns than skinnyCols a block is cut to skinnyRows, for there are few of them.
	skinnyCols = 16
	skinnyRows = 12
)

// A dotProduct is the state of one C = A·Bᵀ.
type dotProduct struct {
	kernel  *kernel.Kernel
	job     func(block, worker int)
	scratch []dotScratch // one a worker

	a, b, c                         Matrix
	blockRows, blockCols, colBlocks int
}

// dotScratch holds zero padding for rows beyond the last one, and the tile that covers them.
type dotScratch struct {
	a, b, c []float32
}

func (d *dotProduct) init(k *kernel.Kernel, workers int) {
	d.kernel, d.job = k, d.block
	d.scratch = make([]dotScratch, workers)
	for i := range d.scratch {
		d.scratch[i] = dotScratch{
			a: make([]float32, k.DotRows*dotDepth), b: make([]float32, k.DotCols*dotDepth),
			c: make([]float32, k.DotRows*k.DotCols),
		}
	}
}

// MulABt writes C = A·Bᵀ for A of m × k, B of n × k and C of m × n. C must overlap neither factor; shapes that
// don't fit panic. The same holds for the other products. An element of a product depends on its row of op(A) and
// its column of op(B) alone: it is the same bits in a product of more rows or columns.
func (p *Pool) MulABt(c, a, b Matrix) {
	checkShapes(a.Cols == b.Cols && c.Rows == a.Rows && c.Cols == b.Rows)
	d := &p.dot
	d.a, d.b, d.c = a, b, c
	size := dotBlock
	for size > leastDotBlock && ceilDiv(c.Rows, size)*ceilDiv(c.Cols, size) < 2*p.Workers() {
		size /= 2
	}
	d.blockRows, d.blockCols = size-size%d.kernel.DotRows, size
	if c.Cols <= skinnyCols {
		d.blockRows, d.blockCols = skinnyRows, skinnyCols
	}
	d.colBlocks = ceilDiv(c.Cols, d.blockCols)
	p.Run(ceilDiv(c.Rows, d.blockRows)*d.colBlocks, d.job)
	d.a, d.b, d.c = Matrix{}, Matrix{}, Matrix{}
}

// block computes one block of the result over the whole depth.
func (d *dotProduct) block(block, worker int) {
	i0, j0 := block/d.colBlocks*d.blockRows, block%d.colBlocks*d.blockCols
	c := d.c.Slice(i0, j0, min(d.blockRows, d.c.Rows-i0), min(d.blockCols, d.c.Cols-j0))
	clearRows(c)
	depth := d.a.Cols
	if depth == 0 {
		return
	}
	piece := evenPiece(depth, dotDepth)
	for k0 := 0; k0 < depth; k0 += piece {
		k := min(piece, depth-k0)
		d.addPiece(c, d.a.Slice(i0, k0, c.Rows, k), d.b.Slice(j0, k0, c.Cols, k), &d.scratch[worker])
	}
}

// evenPiece cuts a depth above 0 into pieces of the same size, at most that one, each but the last a whole number of
// vectors.
func evenPiece(depth, most int) int {
	const vector = 16
	return ceilDiv(ceilDiv(depth, ceilDiv(depth, most)), vector) * vector
}

// addPiece adds A·Bᵀ to a block of the result.
func (d *dotProduct) addPiece(c, a, b Matrix, s *dotScratch) {
	rows, cols := d.kernel.DotRows, d.kernel.DotCols
	whole := b.Rows - b.Rows%cols // columns of C in full tiles
	rest := b.Slice(whole, 0, b.Rows-whole, b.Cols)
	if rest.Rows > 0 {
		rest = padRows(rest, cols, s.b)
	}
	for i := 0; i < a.Rows; i += rows {
		left := a.Slice(i, 0, min(rows, a.Rows-i), a.Cols)
		inside := left.Rows == rows
		if !inside {
			left = padRows(left, rows, s.a)
		}
		for j := 0; j < b.Rows; j += cols {
			right := rest
			if j < whole {
				right = b.Slice(j, 0, cols, b.Cols)
			}
			if inside && j < whole {
				d.kernel.Dot(a.Cols, left.Data, left.Stride, right.Data, right.Stride, c.Data[i*c.Stride+j:], c.Stride)
				continue
			}
			clear(s.c)
			d.kernel.Dot(a.Cols, left.Data, left.Stride, right.Data, right.Stride, s.c, cols)
			for r := range min(rows, a.Rows-i) {
				sum := c.Row(i + r)[j:min(j+cols, c.Cols)]
				for x := range sum {
					sum[x] += s.c[r*cols+x]
				}
			}
		}
	}
}

// padRows copies m to scratch and gives it rows of zeros up to the given number.
func padRows(m Matrix, rows int, scratch []float32) Matrix {
	out := Wrap(rows, m.Cols, scratch)
	for i := range rows {
		if i < m.Rows {
			copy(out.Row(i), m.Row(i))
		} else {
			clear(out.Row(i))
		}
	}
	return out
}

func clearRows(m Matrix) {
	if m.Cols == 0 {
		return // then there may be no data either
	}
	for i := range m.Rows {
		clear(m.Row(i))
	}
}

func checkShapes(fit bool) {
	if !fit {
		panic("dense: shapes of a product don't fit")
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
