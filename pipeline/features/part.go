package features

import (
	"slices"

	"finetune/backbone"
	"finetune/head"
)

// Part returns a table of the columns that a narrower feature has: the same items and views, and the rows that the network would give
// for that feature. It is nil where t has other columns than the feature. Closing it does nothing; t has to stay open for its labels.
func (t *Table) Part(f *backbone.Feature) *Table {
	if f == nil || t.Network == nil || f.Width == 0 || f.Width >= t.Features.Cols {
		return nil
	}
	blocks := f.Blocks()
	from := make([]int, len(blocks)) // where each begins in t
	for i, b := range blocks {
		at := slices.IndexFunc(t.Blocks, func(o backbone.Block) bool {
			return o.Tap == b.Tap && o.Grid == b.Grid && o.Row == b.Row && o.Column == b.Column && o.Stat == b.Stat && o.Width == b.Width
		})
		if at < 0 {
			return nil
		}
		from[i] = t.Blocks[at].Offset
	}
	part, network := *t, *t.Network
	network.Tap, network.Width = f.Text, f.Width
	part.close, part.Network, part.Blocks = nil, &network, blocks
	part.Features = head.Features{Rows: t.Features.Rows, Cols: f.Width, Data: make([]float32, t.Features.Rows*f.Width)}
	for row := range t.Features.Rows {
		wide, narrow := t.Features.Row(row), part.Features.Row(row)
		for i, b := range blocks {
			copy(narrow[b.Offset:b.Offset+b.Width], wide[from[i]:])
		}
	}
	return &part
}

// WithViews returns the table for heads that are trained on so many views of each image, of those that it has.
func (t *Table) WithViews(n int) *Table {
	out := *t
	out.close, out.Views.Train = nil, n
	return &out
}
