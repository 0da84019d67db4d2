package dataset

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// units are what a split may not cut: groups, and items without one.
type units struct {
	items   [][]int     // of each unit
	classes [][]tallied // of each unit, its items by class
	totals  []float64   // items by class
}

// tallied is a number of items of one class.
type tallied struct {
	class int
	n     float64
}

// units collects those of the given items, in order of first appearance.
func (s *Set) units(pool []int) *units {
	u := &units{totals: make([]float64, s.Space.Len())}
	byGroup := make(map[string]int)
	for _, i := range pool {
		it := &s.Items[i]
		unit, ok := len(u.items), false
		if it.Group != "" {
			if unit, ok = byGroup[it.Group]; !ok {
				unit = len(u.items)
				byGroup[it.Group] = unit
			}
		}
		if !ok {
			u.items = append(u.items, nil)
			u.classes = append(u.classes, nil)
		}
		u.items[unit] = append(u.items[unit], i)
		u.totals[it.Label]++
		c := slices.IndexFunc(u.classes[unit], func(t tallied) bool { return t.class == it.Label })
		if c < 0 {
			u.classes[unit] = append(u.classes[unit], tallied{class: it.Label, n: 1})
		} else {
			u.classes[unit][c].n++
		}
	}
	return u
}

// fewItems is how many items make a class large enough to be spread by itself.
const fewItems = 4

// assign gives each unit one of the parts, so that every part comes near its share of each class and of all.
//
// Units go from the largest to the smallest, in random order among equals, each to the part that is furthest
// behind: what a part should have of the items seen so far, this unit's among them, less what it has. Being
// behind is measured in each class of the unit, rare classes counting more (the decrease of Σ (n/total − share)²
// over classes), plus the same over all classes together, which matters where single classes are too small to
// tell: with a hundred classes of two, no part could otherwise catch up with training.
// Large units first is what makes the greedy choice good: the small ones fill the gaps that these leave.
func (u *units) assign(shares []float64, rng *rand.Rand) []int {
	order := rng.Perm(len(u.items))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(u.items[b]), len(u.items[a])) })
	parts := make([]int, len(u.items))
	k := len(u.totals)
	has, seen := make([]float64, len(shares)*k), make([]float64, k) // by part and class; by class
	hasAll, seenAll := make([]float64, len(shares)), 0.0
	for _, unit := range order {
		var weight, total float64
		for _, c := range u.classes[unit] {
			seen[c.class] += c.n
			seenAll += c.n
			weight += c.n / (u.totals[c.class] * u.totals[c.class])
			total += c.n / u.totals[c.class]
		}
		// total / weight is the number of items in the unit's classes, on average, rare ones counting more.
		overall := min(1, fewItems*weight/total)
		best, bestBehind := -1, 0.0
		for part, share := range shares {
			if share <= 0 {
				continue
			}
			behind := overall * (share*seenAll - hasAll[part])
			for _, c := range u.classes[unit] {
				w := c.n / (u.totals[c.class] * u.totals[c.class]) / weight
				behind += w * (share*seen[c.class] - has[part*k+c.class])
			}
			if best < 0 || behind > bestBehind+1e-9 { // the first of those that differ by rounding only
				best, bestBehind = part, behind
			}
		}
		parts[unit] = best
		for _, c := range u.classes[unit] {
			has[best*k+c.class] += c.n
			hasAll[best] += c.n
		}
	}
	return parts
}

// keepInFirst moves units until every class has one in part 0, training: the smallest of the class, the first
// of equals. It takes nothing from training, so it can't undo itself.
func (u *units) keepInFirst(parts []int) {
	inFirst := make([]bool, len(u.totals))
	smallest := make([]int, len(u.totals))
	for c := range smallest {
		smallest[c] = -1
	}
	for unit, classes := range u.classes {
		for _, c := range classes {
			if parts[unit] == 0 {
				inFirst[c.class] = true
			}
			if s := smallest[c.class]; s < 0 || len(u.items[unit]) < len(u.items[s]) {
				smallest[c.class] = unit
			}
		}
	}
	for class, unit := range smallest {
		if unit >= 0 && !inFirst[class] {
			parts[unit] = 0
			for _, c := range u.classes[unit] {
				inFirst[c.class] = true
			}
		}
	}
}

// spare gives a part that came out empty, its share being smaller than half of any unit, the smallest unit that
// training can do without: every class must stay there. Which of equals is random.
func (u *units) spare(parts []int, part int, rng *rand.Rand) {
	inFirst := make([]float64, len(u.totals))
	for unit, classes := range u.classes {
		for _, c := range classes {
			if parts[unit] == 0 {
				inFirst[c.class] += c.n
			}
		}
	}
	best := -1
	for _, unit := range rng.Perm(len(u.items)) {
		needed := slices.ContainsFunc(u.classes[unit], func(c tallied) bool { return inFirst[c.class] <= c.n })
		if parts[unit] == 0 && !needed && (best < 0 || len(u.items[unit]) < len(u.items[best])) {
			best = unit
		}
	}
	if best >= 0 {
		parts[best] = part
	}
}
