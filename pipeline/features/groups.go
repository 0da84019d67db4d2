package features

import (
	"math"
	"slices"
)

// keyColumns is how many numbers of a row are compared before all are.
const keyColumns = 16

// groups numbers the items so that those of one group have one number, and those whose plain rows are equal: copies of an image.
func (t *Table) groups() []int {
	n := len(t.Set.Items)
	groups := make([]int, n)
	named := map[string]int{}
	alike := map[[keyColumns]uint32][]int{} // first items of different rows
	for i, item := range t.Set.Items {
		groups[i] = i
		if item.Group != "" {
			if first, known := named[item.Group]; known {
				groups[i] = groups[first]
			} else {
				named[item.Group] = i
			}
		}
		row := t.plainRow(i)
		key := rowKey(row)
		at := slices.IndexFunc(alike[key], func(j int) bool { return slices.Equal(t.plainRow(j), row) })
		if at < 0 {
			alike[key] = append(alike[key], i)
			continue
		}
		switch copied := groups[alike[key][at]]; groups[i] {
		case copied:
		case i: // which is alone so far
			groups[i] = copied
		default:
			join(groups[:i], groups[i], copied)
			groups[i] = min(groups[i], copied)
		}
	}
	return groups
}

// join gives two groups the lower of their numbers.
func join(groups []int, a, b int) {
	for i, g := range groups {
		if g == a || g == b {
			groups[i] = min(a, b)
		}
	}
}

// rowKey is a part of a row, spread over its columns.
func rowKey(row []float32) (key [keyColumns]uint32) {
	for i := range key {
		key[i] = math.Float32bits(row[i*len(row)/keyColumns])
	}
	return key
}
