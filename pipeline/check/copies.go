package check

import (
	"context"
	"strings"

	"finetune/backbone"
	"finetune/internal/cores"
	"finetune/internal/linalg/dense"
	"finetune/internal/lookalike"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
)

// Copies are two or more images of the same picture.
type Copies struct {
	SameBytes bool `json:"same_bytes"` // the files are equal
	// Certain is false if the similarity of some is high only in comparison with other images, as for two photos of
	// one person.
	Certain     bool   `json:"sure"`
	LabelRange  int    `json:"labels_apart"` // difference of the highest and the lowest label, in classes
	AcrossSplit bool   `json:"across_split"` // they are in more than one part
	GroupsVary  bool   `json:"groups_apart"` // they are in more than one group, or some in none
	Images      []Copy `json:"images"`       // in the order of the data
	rows        []int  // of the table
}

// A Copy is one image of Copies.
type Copy struct {
	Path       string  `json:"path"`
	Label      string  `json:"label"`
	Part       string  `json:"part,omitempty"`
	Group      string  `json:"group,omitempty"`
	Similarity float64 `json:"similarity"`         // cosine to the most similar other copy; 1 for equal files
	Mirrored   bool    `json:"mirrored,omitempty"` // relative to that copy
}

// String returns one line with the images, their labels and their parts.
func (c Copies) String() string {
	parts := make([]string, len(c.Images))
	for i, image := range c.Images {
		parts[i] = image.Path + " (" + image.Label
		if image.Part != "" {
			parts[i] += ", " + image.Part
		}
		if image.Mirrored {
			parts[i] += ", mirrored"
		}
		parts[i] += ")"
	}
	return strings.Join(parts, " = ")
}

// copies finds images of the same picture: equal files, and images with similar features.
func (c Job) copies(ctx context.Context, t *features.Table, files map[string]fileInfo, parts []dataset.Part) ([]Copies,
	error) {
	stage := c.Progress.Start("copies", 1, "comparison")
	defer stage.Done()
	pairs := equalFiles(t.Set.Items, files)
	matrix := dense.Wrap(t.Features.Rows, t.Features.Cols, t.Features.Data)
	alike, err := lookalike.Find(ctx, matrix, mirroring(t.Blocks, t.Features.Cols), cores.Of(c.Threads))
	if err != nil {
		return nil, err
	}
	pairs = append(pairs, alike...)
	nearest := map[int]lookalike.Pair{}
	for _, p := range pairs {
		for _, row := range []int{p.A, p.B} {
			if at, known := nearest[row]; !known || p.Similarity > at.Similarity {
				nearest[row] = p
			}
		}
	}
	var list []Copies
	for _, rows := range lookalike.Clusters(len(t.Set.Items), pairs) {
		list = append(list, describeCopies(t.Set, files, parts, rows, nearest))
	}
	stage.Add(1)
	return list, nil
}

func describeCopies(set *dataset.Set, files map[string]fileInfo, parts []dataset.Part, rows []int,
	nearest map[int]lookalike.Pair) Copies {
	first := set.Items[rows[0]]
	out := Copies{SameBytes: true, Certain: true, rows: rows}
	lowest, highest := first.Label, first.Label
	for _, row := range rows {
		item := set.Items[row]
		out.SameBytes = out.SameBytes && files[item.Path].digest == files[first.Path].digest
		out.AcrossSplit = out.AcrossSplit || parts[row] != parts[rows[0]]
		out.GroupsVary = out.GroupsVary || item.Group != first.Group || item.Group == ""
		out.Certain = out.Certain && nearest[row].Similarity >= lookalike.Certain
		lowest, highest = min(lowest, item.Label), max(highest, item.Label)
		out.Images = append(out.Images, Copy{
			Path: item.Path, Label: set.Space.Class(item.Label), Part: parts[row].String(), Group: item.Group,
			Similarity: nearest[row].Similarity, Mirrored: nearest[row].Mirrored,
		})
	}
	out.LabelRange = highest - lowest
	return out
}

// equalFiles returns pairs of files with equal bytes: each file with the first of its bytes.
func equalFiles(items []dataset.Item, files map[string]fileInfo) []lookalike.Pair {
	first := map[[32]byte]int{}
	var pairs []lookalike.Pair
	for i, item := range items {
		digest := files[item.Path].digest
		if digest == ([32]byte{}) {
			continue
		}
		if at, known := first[digest]; known {
			pairs = append(pairs, lookalike.Pair{A: at, B: i, Similarity: 1})
		} else {
			first[digest] = i
		}
	}
	return pairs
}

// mirroring returns the permutation of feature columns that approximates mirroring the image: cells of a grid change
// sides, and a channel keeps its column because most channels respond to mirrored patterns too. It returns nil
// without grids, where mirroring changes little.
func mirroring(blocks []backbone.Block, cols int) []int {
	type place struct {
		stat                     string
		depth, grid, row, column int
	}
	at := map[place]int{}
	cells := false
	for _, b := range blocks {
		at[place{b.Stat, b.Depth, b.Grid, b.Row, b.Column}] = b.Offset
		cells = cells || b.Grid > 1
	}
	if !cells {
		return nil
	}
	mirror := make([]int, cols)
	for i := range mirror {
		mirror[i] = i
	}
	for _, b := range blocks {
		other, known := at[place{b.Stat, b.Depth, b.Grid, b.Row, b.Grid - 1 - b.Column}]
		for i := 0; known && i < b.Width; i++ {
			mirror[b.Offset+i] = other + i
		}
	}
	return mirror
}
