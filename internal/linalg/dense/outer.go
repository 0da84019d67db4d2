package dense

import (
	"slices"

	"finetune/internal/linalg/kernel"
)

// Sizes of the parts of A·B and Aᵀ·B. A strip is as many columns of B as a tile of the kernel takes.
const (
	outerCols  = 192  // columns of a block of C: a whole number of tiles of every kernel
	stripSize  = 6144 // elements of a packed strip, which has to stay in the first-level cache
	packPanels = 8    // panels of A that one block of packing takes

	// Few panels make a copy of B cost more than it saves. Then B is read where it is, by so many rows at a time
	// that the processor holds the addresses of their pages, as neighbouring strips lie in the same ones.
	directPanels = 2
	directRows   = 64
)

// An outerProduct is the state of one C += op(A)·B. A is first packed in panels: as many columns of Aᵀ as a tile of
// the kernel has rows, row by row.
type outerProduct struct {
	kernel            *kernel.Kernel
	packJob, blockJob func(block, worker int)
	packed            []float32
	scratch           []outerScratch // one a worker

	a, b, c        Matrix
	transA, fresh  bool // fresh: C = op(A)·B
	k0, k          int  // the piece of the depth under way
	panels         int
	panelsPerBlock int
	colBlocks      int
}

// outerScratch holds a packed strip of B, and a tile that reaches beyond C.
type outerScratch struct {
	b, c []float32
}

// outerBlockRows is the most rows of a block of C: a whole number of tiles of every kernel.
const outerBlockRows = 256

func (o *outerProduct) init(k *kernel.Kernel, workers int) {
	o.kernel, o.packJob, o.blockJob = k, o.pack, o.block
	o.panelsPerBlock = outerBlockRows / k.OuterRows
	o.scratch = make([]outerScratch, workers)
	for i := range o.scratch {
		o.scratch[i] = outerScratch{b: make([]float32, stripSize), c: make([]float32, k.OuterRows*k.OuterCols)}
	}
}

// MulAB writes C = A·B for A of m × k, B of k × n and C of m × n.
func (p *Pool) MulAB(c, a, b Matrix) {
	checkShapes(a.Cols == b.Rows && c.Rows == a.Rows && c.Cols == b.Cols)
	p.addOuter(c, a, b, false, true, a.Cols)
}

// AddAtB adds Aᵀ·B to C for A of k × m, B of k × n and C of m × n. Each element is summed over k in order.
func (p *Pool) AddAtB(c, a, b Matrix) {
	checkShapes(a.Rows == b.Rows && c.Rows == a.Cols && c.Cols == b.Cols)
	p.addOuter(c, a, b, true, false, a.Rows)
}

// MulAtB writes C = Aᵀ·B, in the order of AddAtB.
func (p *Pool) MulAtB(c, a, b Matrix) {
	checkShapes(a.Rows == b.Rows && c.Rows == a.Cols && c.Cols == b.Cols)
	p.addOuter(c, a, b, true, true, a.Rows)
}

func (p *Pool) addOuter(c, a, b Matrix, transA, fresh bool, depth int) {
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	if depth == 0 && fresh {
		clearRows(c)
	}
	o := &p.outer
	o.a, o.b, o.c, o.transA, o.fresh = a, b, c, transA, fresh
	o.panels = ceilDiv(c.Rows, o.kernel.OuterRows)
	o.colBlocks = ceilDiv(c.Cols, outerCols)
	piece := stripSize / o.kernel.OuterCols
	need := o.panels * o.kernel.OuterRows * min(piece, depth)
	o.packed = slices.Grow(o.packed[:0], need)[:need]
	for o.k0 = 0; o.k0 < depth; o.k0 += piece {
		o.k = min(piece, depth-o.k0)
		p.Run(ceilDiv(o.panels, packPanels), o.packJob)
		p.Run(ceilDiv(o.panels, o.panelsPerBlock)*o.colBlocks, o.blockJob)
	}
	o.a, o.b, o.c = Matrix{}, Matrix{}, Matrix{}
}

// panel is the packed panel of that number.
func (o *outerProduct) panel(number int) []float32 {
	size := o.kernel.OuterRows * o.k
	return o.packed[number*size : (number+1)*size]
}

// pack packs the piece of op(A) for a few panels. Rows beyond the last are zeros.
func (o *outerProduct) pack(block, _ int) {
	rows := o.kernel.OuterRows
	for number := block * packPanels; number < min((block+1)*packPanels, o.panels); number++ {
		panel, i0 := o.panel(number), number*rows
		valid := min(rows, o.c.Rows-i0)
		if valid < rows {
			clear(panel)
		}
		if o.transA {
			for k := range o.k {
				copy(panel[k*rows:], o.a.Row(o.k0 + k)[i0:i0+valid])
			}
			continue
		}
		for i := range valid {
			for k, v := range o.a.Row(i0 + i)[o.k0 : o.k0+o.k] {
				panel[k*rows+i] = v
			}
		}
	}
}

// block adds the piece to one block of the result.
func (o *outerProduct) block(block, worker int) {
	first, j0 := block/o.colBlocks*o.panelsPerBlock, block%o.colBlocks*outerCols
	count, cols := min(o.panelsPerBlock, o.panels-first), min(outerCols, o.c.Cols-j0)
	s, width := &o.scratch[worker], o.kernel.OuterCols
	if o.fresh && o.k0 == 0 { // here, where it is needed next
		i0 := first * o.kernel.OuterRows
		clearRows(o.c.Slice(i0, j0, min(count*o.kernel.OuterRows, o.c.Rows-i0), cols))
	}
	step := o.k
	if count <= directPanels {
		step = directRows
	}
	for k0 := 0; k0 < o.k; k0 += step {
		k := min(step, o.k-k0)
		for j := 0; j < cols; j += width {
			strip := o.b.Slice(o.k0+k0, j0+j, k, min(width, cols-j))
			if count > directPanels || strip.Cols < width {
				strip = packStrip(strip, width, s.b)
			}
			for number := first; number < first+count; number++ {
				o.addTile(number, j0+j, k0, k, strip, s.c)
			}
		}
	}
}

// packStrip copies m to scratch and gives it columns of zeros up to the given width.
func packStrip(m Matrix, width int, scratch []float32) Matrix {
	out := Wrap(m.Rows, width, scratch)
	for i := range m.Rows {
		clear(out.Row(i)[copy(out.Row(i), m.Row(i)):])
	}
	return out
}

// addTile adds the product of rows [k0, k0+k) of a panel and a strip to the tile of C that begins in column j. A tile
// that C holds in part is computed beside it.
func (o *outerProduct) addTile(number, j, k0, k int, strip Matrix, tile []float32) {
	rows, width := o.kernel.OuterRows, o.kernel.OuterCols
	a := o.panel(number)[k0*rows:]
	i := number * rows
	if i+rows <= o.c.Rows && j+width <= o.c.Cols {
		o.kernel.Outer(k, a, strip.Data, strip.Stride, o.c.Data[i*o.c.Stride+j:], o.c.Stride)
		return
	}
	part := o.c.Slice(i, j, min(rows, o.c.Rows-i), min(width, o.c.Cols-j))
	tile = toTile(part, width, tile)
	o.kernel.Outer(k, a, strip.Data, strip.Stride, tile, width)
	fromTile(part, width, tile)
}

// toTile copies a part of C to scratch that has room for a whole tile of the given width, and zeros beside the part.
func toTile(part Matrix, width int, scratch []float32) []float32 {
	clear(scratch)
	for r := range part.Rows {
		copy(scratch[r*width:], part.Row(r))
	}
	return scratch
}

// fromTile copies the part back.
func fromTile(part Matrix, width int, tile []float32) {
	for r := range part.Rows {
		copy(part.Row(r), tile[r*width:])
	}
}
