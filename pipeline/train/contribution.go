package train

import (
	"finetune/backbone"
	"finetune/head"
)

// A Contribution says how much of what the head hears comes from one part of the features: the variance that the part brings into
// the first layer on the images that were trained on, correlations left aside, as a share of that of all parts.
type Contribution struct {
	Tap   string  `json:"tap,omitempty"`  // of a depth: the tensor; "" for a cell
	Grid  int     `json:"grid,omitempty"` // of a cell: cells a side of its grid; 0 for a depth
	Row   int     `json:"row,omitempty"`
	Col   int     `json:"column,omitempty"`
	Width int     `json:"width"` // numbers
	Share float64 `json:"share"` // 0 to 1
}

// contributions sums up by depth and by cell how much each block of the features brings to the head. It is nil where there is one
// block only, or where the features don't say what they are made of.
func contributions(blocks []backbone.Block, h *head.Head, f head.Features, rows []int) (byDepth, byCell []Contribution) {
	if len(blocks) < 2 || len(rows) == 0 {
		return nil, nil
	}
	energy := columnEnergy(h.Network().Layers[0], f, rows)
	var total float64
	for _, e := range energy {
		total += e
	}
	depths, cells := map[string]int{}, map[[3]int]int{}
	add := func(list *[]Contribution, at int, isNew bool, c Contribution) {
		if isNew {
			*list = append(*list, c)
			return
		}
		(*list)[at].Width += c.Width
		(*list)[at].Share += c.Share
	}
	for _, b := range blocks {
		c := Contribution{Width: b.Width}
		for _, e := range energy[b.Offset : b.Offset+b.Width] {
			c.Share += e / total
		}
		at, known := depths[b.Tap]
		if !known {
			at = len(byDepth)
			depths[b.Tap] = at
		}
		depth := c
		depth.Tap = b.Tap
		add(&byDepth, at, !known, depth)

		key := [3]int{b.Grid, b.Row, b.Column}
		at, known = cells[key]
		if !known {
			at = len(byCell)
			cells[key] = at
		}
		c.Grid, c.Row, c.Col = b.Grid, b.Row, b.Column
		add(&byCell, at, !known, c)
	}
	return byDepth, byCell
}

// columnEnergy is, for each feature, its variance over the given rows times the squared length of its weights.
func columnEnergy(l head.Layer, f head.Features, rows []int) []float64 {
	mean, square := make([]float64, f.Cols), make([]float64, f.Cols)
	for _, r := range rows {
		for j, v := range f.Row(r) {
			mean[j] += float64(v)
			square[j] += float64(v) * float64(v)
		}
	}
	n := float64(len(rows))
	energy := make([]float64, f.Cols)
	for k := range l.Out {
		for j, w := range l.Weight[k*l.In : (k+1)*l.In] {
			energy[j] += float64(w) * float64(w)
		}
	}
	for j := range energy {
		energy[j] *= max(0, square[j]/n-mean[j]/n*mean[j]/n)
	}
	return energy
}
