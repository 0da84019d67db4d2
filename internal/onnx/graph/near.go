package graph

import (
	"cmp"
	"slices"
	"strings"
)

// nearNames returns the tensors whose names are most similar to one that doesn't exist, best first: names that contain
// it, and names that share most of their pairs of letters with it.
func (m *Model) nearNames(name string) []string {
	const (
		most     = 3
		alike    = 0.7
		longest  = 200 // letters; exporters' names are shorter
		contains = 2   // more than any likeness
	)
	type near struct {
		name string
		by   float64
	}
	var list []near
	wanted := strings.ToLower(name)
	if name == "" || len(name) > longest {
		return nil
	}
	pairs := letterPairs(wanted)
	for _, n := range m.pb.Graph.Node {
		for _, out := range n.Output {
			if len(out) > longest {
				continue
			}
			by := likeness(pairs, letterPairs(strings.ToLower(out)))
			if strings.Contains(strings.ToLower(out), wanted) {
				by += contains
			}
			if by >= alike {
				list = append(list, near{out, by})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return cmp.Compare(b.by, a.by) })
	var names []string
	for _, n := range list[:min(most, len(list))] {
		names = append(names, n.name)
	}
	return names
}

// letterPairs counts the pairs of neighbouring bytes.
func letterPairs(s string) map[string]int {
	pairs := make(map[string]int, len(s))
	for i := range len(s) - 1 {
		pairs[s[i:i+2]]++
	}
	return pairs
}

// likeness is the Sørensen–Dice coefficient of two bags of pairs: 0 for nothing in common, 1 for the same.
func likeness(a, b map[string]int) float64 {
	common, all := 0, 0
	for pair, n := range a {
		common += min(n, b[pair])
		all += n
	}
	for _, n := range b {
		all += n
	}
	return 2 * float64(common) / float64(max(all, 1))
}
