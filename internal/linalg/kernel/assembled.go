//go:build amd64 || arm64

package kernel

type (
	dotFunc   = func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)
	outerFunc = func(k int, a, b *float32, ldb int, c *float32, ldc int)

	dotAtFunc   = func(tiles, k int, a *float32, rows *int, shift, b, c *float32, ldc int)
	outerAtFunc = func(tiles, k int, a, b *float32, rows *int, shift, c *float32, ldc int)
)

// assembly makes a kernel of functions that check nothing, by checking for them that they stay inside the slices. dotAt
// has a function for each number of columns, outerAt for each number of rows.
func assembly(name string, lanes int, vector Vector, dotRows, outerRows, outerCols int, dot dotFunc, outer outerFunc, dotAt []dotAtFunc, outerAt []outerAtFunc) Kernel {
	const dotCols = 4
	return Kernel{
		Name: name, Lanes: lanes, Vector: vector,
		DotRows: dotRows, DotCols: dotCols,
		Dot: func(k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
			if k <= 0 {
				return
			}
			_, _, _ = a[last(dotRows, k, lda)], b[last(dotCols, k, ldb)], c[last(dotRows, dotCols, ldc)]
			dot(k, &a[0], lda, &b[0], ldb, &c[0], ldc)
		},
		DotAt: func(height, cols, k int, a []float32, rows []int, shift, b, c []float32, ldc int) {
			tiles := height / dotRows
			if k <= 0 || tiles <= 0 {
				return
			}
			height = tiles * dotRows
			checkRows(a, rows[:height], k)
			checkRows(a, rows[height:height+dotRows], 1)
			_, _, _ = shift[k-1], b[(k+lanes-1)/lanes*lanes*cols-1], c[last(height, cols, ldc)]
			dotAt[cols-1](tiles, k, &a[0], &rows[0], &shift[0], &b[0], &c[0], ldc)
		},
		OuterRows: outerRows, OuterCols: outerCols,
		Outer: func(k int, a, b []float32, ldb int, c []float32, ldc int) {
			if k <= 0 {
				return
			}
			_, _, _ = a[k*outerRows-1], b[last(k, outerCols, ldb)], c[last(outerRows, outerCols, ldc)]
			outer(k, &a[0], &b[0], ldb, &c[0], ldc)
		},
		OuterAt: func(height, cols, k int, a, b []float32, rows []int, shift, c []float32, ldc int) {
			tiles := cols / outerCols
			if k <= 0 || tiles <= 0 {
				return
			}
			cols = tiles * outerCols
			checkRows(b, rows[:k], cols)
			checkRows(b, rows[k:2*k], 1)
			_, _, _ = a[k*height-1], shift[cols-1], c[last(height, cols, ldc)]
			outerAt[height-1](tiles, k, &a[0], &b[0], &rows[0], &shift[0], &c[0], ldc)
		},
	}
}

// checkRows panics unless the rows that begin at the given places, of so many elements, lie inside m.
func checkRows(m []float32, rows []int, cols int) {
	end := len(m) - cols
	for _, row := range rows {
		if uint(row) > uint(end) || end < 0 {
			panic("kernel: a row outside the matrix")
		}
	}
}

// last is the place of the last element of a rows × cols matrix.
func last(rows, cols, stride int) int { return (rows-1)*stride + cols - 1 }
