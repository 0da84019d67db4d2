package dense

// A rowsJob is the state of a product with Rows on all workers.
type rowsJob struct {
	dot, outer func(block, worker int)
	products   []*RowProducts // one a worker

	c, a   Matrix
	b      *Packed
	x      Rows
	rows   int       // of a block of the forward product
	packed []float32 // a, for the gradient
}

func (r *rowsJob) init(products []*RowProducts) {
	r.products, r.dot, r.outer = products, r.dotBlock, r.outerBlock
}

// RowProducts returns those of a worker, to be used within a job.
func (p *Pool) RowProducts(worker int) *RowProducts { return p.rows.products[worker] }

// MulRowsBt is RowProducts.MulBt on all workers, in blocks of rows.
func (p *Pool) MulRowsBt(c Matrix, x Rows, b *Packed) {
	checkShapes(x.Cols == b.Cols && c.Rows == len(x.Index) && c.Cols == b.Rows)
	p.rows.c, p.rows.x, p.rows.b, p.rows.rows = c, x, b, skinnyRows
	if c.Cols > skinnyCols { // then B is large: the more rows, the less often it is read
		for 4*p.rows.rows*p.Workers() <= c.Rows && p.rows.rows < mostRows {
			p.rows.rows *= 2
		}
	}
	p.Run(ceilDiv(c.Rows, p.rows.rows), p.rows.dot)
	p.rows.done()
}

// mostRows is the largest number of rows of a block of X·Bᵀ.
const mostRows = 96

// AddAtRows is RowProducts.AddAt on all workers, in blocks of columns.
func (p *Pool) AddAtRows(c, a Matrix, x Rows) {
	checkShapes(a.Rows == len(x.Index) && c.Rows == a.Cols && c.Cols == x.Cols)
	if c.Rows == 0 || c.Cols == 0 || a.Rows == 0 {
		return
	}
	p.rows.c, p.rows.a, p.rows.x = c, a, x
	p.rows.packed = p.rows.products[0].pack(a)
	p.Run(ceilDiv(c.Cols, outerCols), p.rows.outer)
	p.rows.done()
}

// done drops the references to the factors.
func (r *rowsJob) done() { r.c, r.a, r.b, r.x, r.packed = Matrix{}, Matrix{}, nil, Rows{}, nil }

func (r *rowsJob) dotBlock(block, worker int) {
	i := block * r.rows
	rows := min(r.rows, r.c.Rows-i)
	r.products[worker].MulBt(r.c.Slice(i, 0, rows, r.c.Cols), r.x.part(i, 0, rows, r.x.Cols), r.b)
}

func (r *rowsJob) outerBlock(block, worker int) {
	j := block * outerCols
	cols := min(outerCols, r.c.Cols-j)
	r.products[worker].addPacked(r.c.Slice(0, j, r.c.Rows, cols), r.packed, r.a.Rows, r.x.part(0, j, len(r.x.Index), cols))
}
