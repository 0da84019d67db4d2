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
	places []int     // where rows begin
	packed []float32 // a in panels, behind each other
	b, c   []float32 // stand in for tiles that reach beyond B or C

	// Strips of X that are narrower than a tile, or used so often that a copy costs less than reading rows far apart.
	strips, shift []float32
	stripPlaces   []int
}

func newRowProducts(k *kernel.Kernel) *RowProducts {
	r := &RowProducts{
		kernel: k,
		b:      make([]float32, k.DotCols*rowsDepth), c: make([]float32, max(k.DotRows*k.DotCols, k.OuterRows*k.OuterCols)),
		strips: make([]float32, rowsAtOnce*outerCols), shift: make([]float32, outerCols), stripPlaces: make([]int, rowsAtOnce),
	}
	for i := range r.stripPlaces {
		r.stripPlaces[i] = i * k.OuterCols
	}
	return r
}

// use records where the rows begin. Those after them are read next, or repeat the last one.
func (r *RowProducts) use(x Rows) {
	checkShapes(len(x.Shift) == x.Cols)
	r.places = r.places[:0]
	for _, row := range x.Index {
		r.places = append(r.places, row*x.Stride)
	}
	last := r.places[len(x.Index)-1]
	for i := range 2 * r.kernel.DotRows {
		if i < len(x.Ahead) {
			last = x.Ahead[i] * x.Stride
		}
		r.places = append(r.places, last)
	}
}

// rowsDepth is how many elements of a row are taken at once at most. Rows are few, and more of a row takes fewer sums
// of lanes.
const rowsDepth = 1024

// MulBt writes C = X·Bᵀ for X of m × k, B of n × k and C of m × n.
func (r *RowProducts) MulBt(c Matrix, x Rows, b Matrix) {
	checkShapes(x.Cols == b.Cols && c.Rows == len(x.Index) && c.Cols == b.Rows)
	clearRows(c)
	if c.Rows == 0 || c.Cols == 0 || x.Cols == 0 {
		return
	}
	r.use(x)
	piece := evenPiece(x.Cols, rowsDepth)
	for k0 := 0; k0 < x.Cols; k0 += piece {
		k := min(piece, x.Cols-k0)
		r.addDots(c, x.Data[k0:], x.Shift[k0:], b.Slice(0, k0, b.Rows, k))
	}
}

// addDots adds what a piece of the columns gives.
func (r *RowProducts) addDots(c Matrix, x, shift []float32, b Matrix) {
	rows, cols := r.kernel.DotRows, r.kernel.DotCols
	whole := b.Rows - b.Rows%cols
	rest := b.Slice(whole, 0, b.Rows-whole, b.Cols)
	if rest.Rows > 0 {
		rest = padRows(rest, cols, r.b)
	}
	for i := 0; i < c.Rows; i += rows {
		places := r.places[i:]
		for j := 0; j < b.Rows; j += cols {
			right := rest
			if j < whole {
				right = b.Slice(j, 0, cols, b.Cols)
			}
			if i+rows <= c.Rows && j < whole {
				r.kernel.DotAt(b.Cols, x, places, shift, right.Data, right.Stride, c.Data[i*c.Stride+j:], c.Stride)
				continue
			}
			part := c.Slice(i, j, min(rows, c.Rows-i), min(cols, c.Cols-j))
			tile := toTile(part, cols, r.c)
			r.kernel.DotAt(b.Cols, x, places, shift, right.Data, right.Stride, tile, cols)
			fromTile(part, cols, tile)
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
		rows := r.places[k0:min(k0+rowsAtOnce, k)]
		for j0 := 0; j0 < x.Cols; j0 += outerCols {
			end := min(j0+outerCols, x.Cols)
			copied := panels > directPanels
			if copied {
				r.copyStrips(x.Data[j0:], rows, x.Shift[j0:end])
			}
			for j := j0; j < end; j += width {
				data, places, shift := x.Data[j:], rows, x.Shift[j:]
				cols := min(width, end-j)
				switch {
				case copied:
					data, places, shift = r.strips[(j-j0)*rowsAtOnce:], r.stripPlaces[:len(rows)], r.shift[j-j0:]
				case cols < width:
					r.copyStrips(data, rows, shift)
					data, places, shift = r.strips, r.stripPlaces[:len(rows)], r.shift
				}
				for number := range panels {
					panel := packed[(number*k+k0)*r.kernel.OuterRows:]
					r.addTile(c, number*r.kernel.OuterRows, j, cols, panel, data, places, shift)
				}
			}
		}
	}
}

// pack returns A in panels of as many columns as a tile of C has rows, row by row, with zeros beyond the last column.
func (r *RowProducts) pack(a Matrix) []float32 {
	width := r.kernel.OuterRows
	panels := ceilDiv(a.Cols, width)
	size := a.Rows * width
	r.packed = slices.Grow(r.packed[:0], panels*size)[:panels*size]
	clear(r.packed[(panels-1)*size:])
	for number := range panels {
		panel, j := r.packed[number*size:], number*width
		for i := range a.Rows {
			copy(panel[i*width:(i+1)*width], a.Row(i)[j:min(j+width, a.Cols)])
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

// addTile adds the product of a panel and a strip to the tile of C that begins in row i and column j.
func (r *RowProducts) addTile(c Matrix, i, j, cols int, panel, data []float32, places []int, shift []float32) {
	rows, width := r.kernel.OuterRows, r.kernel.OuterCols
	if i+rows <= c.Rows && cols == width {
		r.kernel.OuterAt(len(places), panel, data, places, shift, c.Data[i*c.Stride+j:], c.Stride)
		return
	}
	part := c.Slice(i, j, min(rows, c.Rows-i), cols)
	tile := toTile(part, width, r.c)
	r.kernel.OuterAt(len(places), panel, data, places, shift, tile, width)
	fromTile(part, width, tile)
}
