package symmetric

import (
	"context"

	"gonum.org/v1/gonum/floats"
)

// Sizes of the parts of products with an inverse factor.
const (
	someRows = 64
	someCols = 128
)

// Solve replaces each of the vectors, of m.N elements, by MᵀM times it: with M of [Worker.InverseFactor] by A⁻¹ times
// it.
func (w *Worker) Solve(ctx context.Context, m Matrix, vectors [][]float64) error {
	middle := make([]float64, m.N*len(vectors)) // M·v, row by row
	w.pool.Run(ceilDiv(m.N, someRows), func(block, _ int) {
		if ctx.Err() != nil {
			return
		}
		for i := block * someRows; i < min((block+1)*someRows, m.N); i++ {
			row := m.Row(i)
			for c, v := range vectors {
				middle[i*len(vectors)+c] = floats.Dot(row, v[:i+1])
			}
		}
	})
	w.pool.Run(ceilDiv(m.N, someCols), func(block, _ int) {
		first := block * someCols
		last := min(first+someCols, m.N)
		for _, v := range vectors {
			clear(v[first:last])
		}
		for i := first; i < m.N && ctx.Err() == nil; i++ {
			row := m.Row(i)[first:min(last, i+1)]
			for c, v := range vectors {
				floats.AddScaled(v[first:first+len(row)], middle[i*len(vectors)+c], row)
			}
		}
	})
	return ctx.Err()
}

// A Span is the rows [First, End).
type Span struct{ First, End int }

// Len is the number of rows.
func (s Span) Len() int { return s.End - s.First }

// Blocks calls use with the block of MᵀM that each span has on the diagonal: row-major, of which the lower triangle
// counts. The spans cover [0, m.N) in order. use is called from several goroutines, once a span, and may keep
// nothing.
func (w *Worker) Blocks(ctx context.Context, m Matrix, spans []Span, use func(number int, block []float64)) error {
	parts := Parts(spans, someCols)
	w.pool.Run(len(parts), func(part, _ int) {
		if ctx.Err() == nil {
			first := parts[part].First
			blocksOf(ctx, m, spans[first:parts[part].End], func(number int, block []float64) { use(first+number, block) })
		}
	})
	return ctx.Err()
}

// Parts joins neighbouring spans until each part holds at least so many rows, but for the last, and returns which
// spans a part holds.
func Parts(spans []Span, rows int) []Span {
	var parts []Span
	first, held := 0, 0
	for i, s := range spans {
		if held += s.Len(); held >= rows || i == len(spans)-1 {
			parts = append(parts, Span{first, i + 1})
			first, held = i+1, 0
		}
	}
	return parts
}

// blocksOf computes the blocks of a few spans, in one pass over their columns.
func blocksOf(ctx context.Context, m Matrix, spans []Span, use func(number int, block []float64)) {
	blocks := make([][]float64, len(spans))
	for b, s := range spans {
		blocks[b] = make([]float64, s.Len()*s.Len())
	}
	for i := spans[0].First; i < m.N && ctx.Err() == nil; i++ {
		row := m.Row(i)
		for b, s := range spans {
			if s.First > i {
				break
			}
			if s.Len() == 1 {
				blocks[b][0] += row[s.First] * row[s.First]
				continue
			}
			part := row[s.First:min(s.End, i+1)]
			for j, v := range part {
				floats.AddScaled(blocks[b][j*s.Len():j*s.Len()+j+1], v, part[:j+1])
			}
		}
	}
	for b, block := range blocks {
		if ctx.Err() == nil {
			use(b, block)
		}
	}
}
