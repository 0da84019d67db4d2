package dense

import (
	"slices"

	"finetune/internal/linalg/kernel"
)

// Rows are rows of a row-major matrix, taken from where they lie: element (i, j) is Data[Index[i]*Stride+j] +
// Shift[j]. A product reads them without a copy, so the matrix may be mapped from a file and larger than memory.
type Rows struct {
	Data         []float32
	Cols, Stride int
	Index        []int
	Ahead        []int     // rows that will be needed next, to be fetched meanwhile; may be nil
	Shift        []float32 // Cols numbers
}

// part returns rows [i, i+rows) and columns [j, j+cols).
func (x Rows) part(i, j, rows, cols int) Rows {
	return Rows{Data: x.Data[j:], Cols: cols, Stride: x.Stride, Index: x.Index[i : i+rows], Ahead: x.Index[i+rows:],
		Shift: x.Shift[j : j+cols]}
}

// RowProducts are products with Rows on the calling goroutine. Each worker has its own, for their scratch space. Sums
// are taken in the order that the products of a Pool take.
type RowProducts struct {
	kernel *kernel.Kernel
	places []int     // where rows begin, and then those that are read next
	packed []float32 // a in panels, behind each other
	tile   []float32 // stands in for one that reaches beyond C

	// Strips of X that are narrower than a tile, or used so often that a copy costs less than reading rows far apart.
	strips, shift []float32
	stripPlaces   []int // rowsAtOnce of them, twice
	again         []int // places and the same once more: nothing is to be fetched ahead
}

func newRowProducts(k *kernel.Kernel) *RowProducts {
	r := &RowProducts{
		kernel: k,
		tile:   make([]float32, max(k.DotRows*k.DotCols, k.OuterRows*k.OuterCols)),
		strips: make([]float32, rowsAtOnce*outerCols), shift: make([]float32, outerCols), stripPlaces: make([]int, 2*rowsAtOnce),
	}
	for i := range r.stripPlaces {
		r.stripPlaces[i] = i % rowsAtOnce * k.OuterCols
	}
	return r
}

// use records where the rows begin, and then as many and more places that are read next: those of x.Ahead or, where
// there are fewer, the last row again.
func (r *RowProducts) use(x Rows) {
	checkShapes(len(x.Shift) == x.Cols)
	r.places = r.places[:0]
	for _, row := range x.Index {
		r.places = append(r.places, row*x.Stride)
	}
	last := r.places[len(x.Index)-1]
	for i := range len(x.Index) + r.kernel.DotRows {
		if i < len(x.Ahead) {
			last = x.Ahead[i] * x.Stride
		}
		r.places = append(r.places, last)
	}
}

// rowsDepth is how many elements of a row are taken at once at most: so few that a panel of B stays in the first-level
// cache while rows pass by.
const rowsDepth = 1024

// MulBt writes C = X·Bᵀ for X of m × k, B of n × k and C of m × n.
func (r *RowProducts) MulBt(c Matrix, x Rows, b *Packed) {
	checkShapes(x.Cols == b.Cols && c.Rows == len(x.Index) && c.Cols == b.Rows)
	clearRows(c)
	if c.Rows == 0 || c.Cols == 0 || x.Cols == 0 {
		return
	}
	r.use(x)
	height, panels := r.kernel.DotRows, b.panels()
	whole := c.Rows - c.Rows%height
	piece := evenPiece(x.Cols, rowsDepth)
	for k0 := 0; k0 < x.Cols; k0 += piece {
		k := min(piece, x.Cols-k0)
		for number := range panels {
			j, cols := b.panelRows(number)
			x, shift, right := x.Data[k0:], x.Shift[k0:], b.panel(j, cols, k0)
			if whole > 0 {
				r.kernel.DotAt(whole, cols, k, x, r.places, shift, right, c.Data[j:], c.Stride)
			}
			if whole < c.Rows {
				part := c.Slice(whole, j, c.Rows-whole, cols)
				tile := toTile(part, cols, r.tile)
				r.kernel.DotAt(height, cols, k, x, r.places[whole:], shift, right, tile, cols)
				fromTile(part, cols, tile)
			}
		}
	}
}

// rowsAtOnce is by how many rows Aᵀ·X is summed: so many that loading and storing a tile of C costs little, and so
// few that the processor holds the addresses of their pages.
const rowsAtOnce = 64

// AddAt adds Aᵀ·X to C for A of k × m, X of k × n and C of m × n. Each element is summed over k in order.
func (r *RowProducts) AddAt(c, a Matrix, x Rows) {
	checkShapes(a.Rows == len(x.Index) && c.Rows == a.Cols && c.Cols == x.Cols)
	if c.Rows == 0 || c.Cols == 0 || a.Rows == 0 {
		return
	}
	r.addPacked(c, r.pack(a), a.Rows, x)
}

// addPacked adds Aᵀ·X to C for A of k rows, packed.
func (r *RowProducts) addPacked(c Matrix, packed []float32, k int, x Rows) {
	r.use(x)
	panels, width := ceilDiv(c.Rows, r.kernel.OuterRows), r.kernel.OuterCols
	for k0 := 0; k0 < k; k0 += rowsAtOnce {
		rows := min(rowsAtOnce, k-k0)
		places := r.places[k0 : k0+rows]
		if k <= rowsAtOnce {
			places = r.places // with those that are read next
		} else {
			r.again = append(append(r.again[:0], places...), places...)
			places = r.again
		}
		if panels > directPanels {
			for j := 0; j < x.Cols; j += outerCols {
				r.addStrips(c, packed, k, k0, rows, x, places, j, min(outerCols, x.Cols-j))
			}
			continue
		}
		whole := x.Cols - x.Cols%width
		for number := range panels {
			i, height := evenPart(c.Rows, panels, number)
			if whole > 0 {
				r.kernel.OuterAt(height, whole, rows, packed[i*k+k0*height:], x.Data, places, x.Shift, c.Data[i*c.Stride:], c.Stride)
			}
		}
		if whole < x.Cols {
			r.addStrips(c, packed, k, k0, rows, x, places, whole, x.Cols-whole)
		}
	}
}

// addStrips is addPacked for a few columns of rows that are copied first: of one strip that is narrower than a tile, or
// of strips that are used so often that this takes less time.
func (r *RowProducts) addStrips(c Matrix, packed []float32, k, k0, rows int, x Rows, places []int, j0, count int) {
	r.copyStrips(x.Data[j0:], places[:rows], x.Shift[j0:j0+count])
	panels, width := ceilDiv(c.Rows, r.kernel.OuterRows), r.kernel.OuterCols
	for j := 0; j < count; j += width {
		for number := range panels {
			i, height := evenPart(c.Rows, panels, number)
			tile := c.Slice(i, j0+j, height, min(width, count-j))
			r.addTile(tile, rows, packed[i*k+k0*height:], r.strips[j*rowsAtOnce:], r.shift[j:])
		}
	}
}

// pack returns A in panels of at most as many columns as a tile of C has rows, row by row.
func (r *RowProducts) pack(a Matrix) []float32 {
	panels := ceilDiv(a.Cols, r.kernel.OuterRows)
	r.packed = slices.Grow(r.packed[:0], a.Rows*a.Cols)[:a.Rows*a.Cols]
	for number := range panels {
		j, width := evenPart(a.Cols, panels, number)
		panel := r.packed[j*a.Rows:]
		for i := range a.Rows {
			copy(panel[i*width:(i+1)*width], a.Row(i)[j:])
		}
	}
	return r.packed
}

// copyStrips copies as many columns of rows as there are shifts to strips behind each other, and gives the last one
// zeros where it is narrower than a tile.
func (r *RowProducts) copyStrips(data []float32, places []int, shift []float32) {
	width := r.kernel.OuterCols
	cols := copy(r.shift, shift)
	clear(r.shift[cols:])
	for i, place := range places {
		for j := 0; j < cols; j += width {
			row := r.strips[j*rowsAtOnce+i*width:][:width]
			clear(row[copy(row, data[place+j:place+cols]):])
		}
	}
}

// addTile adds the product of a panel and a strip of k copied rows to a tile of C.
func (r *RowProducts) addTile(c Matrix, k int, panel, strip, shift []float32) {
	width := r.kernel.OuterCols
	if c.Cols == width {
		r.kernel.OuterAt(c.Rows, width, k, panel, strip, r.stripPlaces, shift, c.Data, c.Stride)
		return
	}
	tile := toTile(c, width, r.tile)
	r.kernel.OuterAt(c.Rows, width, k, panel, strip, r.stripPlaces, shift, tile, width)
	fromTile(c, width, tile)
}
