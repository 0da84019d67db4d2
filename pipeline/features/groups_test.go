package features

import (
	"slices"
	"testing"

	"finetune/head"
	"finetune/pipeline/dataset"
)

func TestGroupsJoinNamesAndCopies(t *testing.T) {
	row := func(v float32) []float32 { return []float32{v, 2 * v, -1} }
	for name, c := range map[string]struct {
		names []string
		rows  []float32
		want  []int
	}{
		"apart":                 {[]string{"", "", ""}, []float32{1, 2, 3}, []int{0, 1, 2}},
		"named":                 {[]string{"a", "b", "a"}, []float32{1, 2, 3}, []int{0, 1, 0}},
		"copies":                {[]string{"", "", ""}, []float32{1, 2, 1}, []int{0, 1, 0}},
		"a copy joins groups":   {[]string{"a", "b", "b", "a"}, []float32{1, 2, 1, 3}, []int{0, 0, 0, 0}},
		"copies without a name": {[]string{"a", "", ""}, []float32{1, 1, 2}, []int{0, 0, 2}},
	} {
		set := &dataset.Set{}
		table := &Table{Set: set, PerItem: 1, Features: head.Features{Cols: 3}}
		for i, v := range c.rows {
			set.Items = append(set.Items, dataset.Item{Group: c.names[i]})
			table.Features.Data = append(table.Features.Data, row(v)...)
		}
		table.Features.Rows = len(c.rows)
		if got := table.groups(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
