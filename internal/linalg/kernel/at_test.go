package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// places returns rows of a matrix in a random order, some twice, and their elements with a shift added in float32.
func places(r *rand.Rand, b block, count int, shift []float32) (rows []int, at func(i, l int) float64) {
	for range count {
		rows = append(rows, r.IntN(b.rows)*b.stride)
	}
	return rows, func(i, l int) float64 { return float64(b.data[rows[i]+l] + shift[l]) }
}

// pack lays rows out as Kernel.Lanes says.
func (b block) pack(t *testing.T, lanes int) []float32 {
	packed := atEnd(t, (b.cols+lanes-1)/lanes*lanes*b.rows)
	for j := range b.rows {
		for l := range b.cols {
			packed[(l/lanes*b.rows+j)*lanes+l%lanes] = b.data[j*b.stride+l]
		}
	}
	return packed
}

func TestDotAt(t *testing.T) {
	each(t, func(t *testing.T, kernel Kernel, r *rand.Rand, k, gap int) {
		for cols := 1; cols <= kernel.DotCols; cols++ {
			height := (1 + k%3) * kernel.DotRows
			a, b := newBlock(t, r, 2*height+1, k, gap), newBlock(t, r, cols, k, 0)
			shift := newBlock(t, r, 1, k, 0).data
			rows, at := places(r, a, height+kernel.DotRows, shift)
			c := newBlock(t, r, height, cols, gap)
			was := c
			was.data = slices.Clone(c.data)
			kernel.DotAt(height, cols, k, a.data, rows, shift, b.pack(t, kernel.Lanes), c.data, c.stride)
			check(t, c, was, k, func(i, j, l int) float64 { return at(i, l) * b.at(j, l) })
		}
	})
}

func TestOuterAt(t *testing.T) {
	each(t, func(t *testing.T, kernel Kernel, r *rand.Rand, k, gap int) {
		for height := 1; height <= kernel.OuterRows; height++ {
			cols := (1 + k%3) * kernel.OuterCols
			a, b := newBlock(t, r, k, height, 0), newBlock(t, r, k/2+1, cols, gap)
			shift := newBlock(t, r, 1, cols, 0).data
			rows, at := places(r, b, 2*k, shift)
			c := newBlock(t, r, height, cols, 3*gap)
			was := c
			was.data = slices.Clone(c.data)
			kernel.OuterAt(height, cols, k, a.data, b.data, rows, shift, c.data, c.stride)
			check(t, c, was, k, func(i, j, l int) float64 { return a.at(l, i) * at(l, j) })
		}
	})
}

// TestOutside holds the kernels to panic over a place whose row isn't all inside.
func TestOutside(t *testing.T) {
	const k, size = 20, 400
	room := make([]float32, 10000)
	for _, kernel := range All() {
		for cols := 1; cols <= kernel.DotCols; cols++ {
			dotAt := func(place, number int) {
				rows := make([]int, 2*kernel.DotRows)
				rows[number] = place
				kernel.DotAt(kernel.DotRows, cols, k, room[:size:size], rows, room, room, room, cols)
			}
			dotAt(size-k, 0)
			panics(t, kernel.Name+" dot behind", func() { dotAt(size-k+1, kernel.DotRows-1) })
			panics(t, kernel.Name+" dot before", func() { dotAt(-1, 0) })
		}
		for height := 1; height <= kernel.OuterRows; height++ {
			outerAt := func(place, number int) {
				rows := make([]int, 2)
				rows[number] = place
				kernel.OuterAt(height, kernel.OuterCols, 1, room, room[:size:size], rows, room, room, kernel.OuterCols)
			}
			outerAt(size-kernel.OuterCols, 0)
			panics(t, kernel.Name+" outer behind", func() { outerAt(size-kernel.OuterCols+1, 0) })
			panics(t, kernel.Name+" outer before", func() { outerAt(-1, 0) })
			if kernel.Name != "plain" { // which prefetches nothing
				panics(t, kernel.Name+" outer ahead", func() { outerAt(size, 1) })
			}
		}
	}
}
