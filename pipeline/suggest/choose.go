package suggest

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// poolSize is how many candidates there are for each image to choose.
const poolSize = 10

// A Candidate is an image that may be chosen.
type Candidate struct {
	Suggestion
	Place []float32 // where it lies among the others: rows that are alike lie near each other

	order int // in which the images came
}

// Choose returns up to n candidates: those of most doubt, no two of them alike as far as there is a choice among the
// 10 n of most doubt. They are in order of doubt, but for what had to be taken although it is like another. Equal
// input gives equal output.
func Choose(all []Candidate, n int) []Candidate {
	kept := newShortlist(poolSize * n)
	for _, c := range all {
		if kept.takes(c.Doubt) {
			kept.add(c)
		}
	}
	return apart(kept.sorted(), n)
}

// before orders candidates by doubt, the most first, and equal ones as they came.
func before(a, b Candidate) int {
	return cmp.Or(cmp.Compare(b.Doubt, a.Doubt), cmp.Compare(a.order, b.order))
}

// A shortlist keeps the candidates of most doubt.
type shortlist struct {
	most, seen int
	list       leastFirst
}

func newShortlist(most int) *shortlist { return &shortlist{most: most} }

// takes reports whether a candidate of such doubt would be kept.
func (s *shortlist) takes(doubt float64) bool { return len(s.list) < s.most || doubt > s.list[0].Doubt }

func (s *shortlist) add(c Candidate) {
	s.seen++
	c.order = s.seen
	if len(s.list) == s.most {
		heap.Pop(&s.list)
	}
	heap.Push(&s.list, c)
}

// sorted returns the candidates, that of most doubt first.
func (s *shortlist) sorted() []Candidate { return slices.SortedFunc(slices.Values(s.list), before) }

// leastFirst is a heap with the candidate of least doubt on top.
type leastFirst []Candidate

func (h leastFirst) Len() int           { return len(h) }
func (h leastFirst) Less(i, j int) bool { return before(h[i], h[j]) > 0 }
func (h leastFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *leastFirst) Push(c any)        { *h = append(*h, c.(Candidate)) }
func (h *leastFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// apart returns up to n candidates in their order, and passes over one that lies nearer to one that was taken than
// half of the candidates lie to their nearest neighbour: labelling two such images teaches little more than one.
// Where too few are left, those that were passed over follow.
func apart(list []Candidate, n int) []Candidate {
	least := typicalGap(list)
	var taken, passed []Candidate
	for _, c := range list {
		switch {
		case len(taken) == n:
			return taken
		case slices.ContainsFunc(taken, func(t Candidate) bool { return squaredDistance(t.Place, c.Place) < least }):
			passed = append(passed, c)
		default:
			taken = append(taken, c)
		}
	}
	return append(taken, passed[:min(len(passed), n-len(taken))]...)
}

// typicalGap returns the median over candidates of the squared distance to the nearest other one.
func typicalGap(list []Candidate) float64 {
	if len(list) < 2 {
		return 0
	}
	nearest := slices.Repeat([]float64{math.Inf(1)}, len(list))
	for i := range list {
		for j := range i {
			d := squaredDistance(list[i].Place, list[j].Place)
			nearest[i], nearest[j] = min(nearest[i], d), min(nearest[j], d)
		}
	}
	slices.Sort(nearest)
	return nearest[len(nearest)/2]
}

func squaredDistance(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v - b[i])
		sum += d * d
	}
	return sum
}
