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

func TestDotAt(t *testing.T) {
	each(t, func(t *testing.T, kernel Kernel, r *rand.Rand, k, gap int) {
		a, b := newBlock(t, r, 2*kernel.DotRows+1, k, gap), newBlock(t, r, kernel.DotCols, k, 2*gap)
		shift := newBlock(t, r, 1, k, 0).data
		rows, at := places(r, a, 2*kernel.DotRows, shift)
		c := newBlock(t, r, kernel.DotRows, kernel.DotCols, gap)
		was := c
		was.data = slices.Clone(c.data)
		kernel.DotAt(k, a.data, rows, shift, b.data, b.stride, c.data, c.stride)
		check(t, c, was, k, func(i, j, l int) float64 { return at(i, l) * b.at(j, l) })
	})
}

func TestOuterAt(t *testing.T) {
	each(t, func(t *testing.T, kernel Kernel, r *rand.Rand, k, gap int) {
		a, b := newBlock(t, r, k, kernel.OuterRows, 0), newBlock(t, r, k/2+1, kernel.OuterCols, gap)
		shift := newBlock(t, r, 1, kernel.OuterCols, 0).data
		rows, at := places(r, b, k, shift)
		c := newBlock(t, r, kernel.OuterRows, kernel.OuterCols, 3*gap)
		was := c
		was.data = slices.Clone(c.data)
		kernel.OuterAt(k, a.data, b.data, rows, shift, c.data, c.stride)
		check(t, c, was, k, func(i, j, l int) float64 { return a.at(l, i) * at(l, j) })
	})
}

// TestOutside holds the kernels to panic over a place whose row isn't all inside.
func TestOutside(t *testing.T) {
	const k, size = 20, 400
	room := make([]float32, 10000)
	for _, kernel := range All() {
		dotAt := func(place, number int) {
			rows := make([]int, 2*kernel.DotRows)
			rows[number] = place
			kernel.DotAt(k, room[:size:size], rows, room, room, k, room, kernel.DotCols)
		}
		dotAt(size-k, 0)
		panics(t, kernel.Name+" dot behind", func() { dotAt(size-k+1, kernel.DotRows-1) })
		panics(t, kernel.Name+" dot before", func() { dotAt(-1, 0) })
		outerAt := func(place int) {
			kernel.OuterAt(1, room, room[:size:size], []int{place}, room, room, kernel.OuterCols)
		}
		outerAt(size - kernel.OuterCols)
		panics(t, kernel.Name+" outer behind", func() { outerAt(size - kernel.OuterCols + 1) })
		panics(t, kernel.Name+" outer before", func() { outerAt(-1) })
	}
}
