package label

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"finetune/invalid"
)

// Bins returns the space of the ranges between edges: the first class holds edges[0] ≤ x < edges[1], the last
// everything from the last edge up. Whole edges give classes named by the whole numbers in them (0, 3, 7 gives
// "0-2", "3-6", "7+"), others the half-open range ("[0,0.5)", ">=2.5"). Values are those that Infer gives the
// same names. The edges must be finite and strictly increasing, at least two; else a *invalid.Error.
func Bins(edges []float64) (Space, error) {
	if err := checkEdges(edges); err != nil {
		return Space{}, err
	}
	// Above 2^53 neighbouring whole numbers can't be told apart, so "a-b" with b = next−1 would lie.
	whole := !slices.ContainsFunc(edges, func(e float64) bool { return e != math.Trunc(e) || math.Abs(e) > 1<<53 })
	spans := make([]span, len(edges))
	names := make([]string, len(edges))
	for i, lo := range edges {
		last := i == len(edges)-1
		switch {
		case last && whole:
			names[i], spans[i] = number(lo)+"+", span{lo: lo, hi: math.Inf(1), hiOpen: true}
		case last:
			names[i], spans[i] = ">="+number(lo), span{lo: lo, hi: math.Inf(1), hiOpen: true}
		case whole && edges[i+1] == lo+1:
			names[i], spans[i] = number(lo), span{lo: lo, hi: lo}
		case whole:
			names[i], spans[i] = number(lo)+"-"+number(edges[i+1]-1), span{lo: lo, hi: edges[i+1] - 1}
		default:
			names[i], spans[i] = "["+number(lo)+","+number(edges[i+1])+")", span{lo: lo, hi: edges[i+1], hiOpen: true}
		}
	}
	s, err := New(names, midpoints(spans))
	if err != nil {
		return Space{}, err
	}
	s.edges = slices.Clone(edges)
	return s, nil
}

// BinOf returns the class that holds x, in a space made by Bins. A number below the first edge, or one that
// isn't finite, belongs to no class and is a *invalid.Error, as is asking a space that has no edges.
func (s Space) BinOf(x float64) (int, error) {
	if s.edges == nil {
		return 0, &invalid.Error{
			Field: "Data.Bins",
			Found: fmt.Sprintf("the number %s and classes without edges", number(x)),
			Want:  "edges that make numbers into classes",
		}
	}
	if math.IsNaN(x) || math.IsInf(x, 0) || x < s.edges[0] {
		return 0, &invalid.Error{
			Field: "Data.Bins",
			Found: number(x),
			Want:  "a number from the first edge, " + number(s.edges[0]) + ", up",
			Hint:  "lower the first edge or leave the item out",
		}
	}
	i, exact := slices.BinarySearch(s.edges, x)
	if exact {
		return i, nil
	}
	return i - 1, nil
}

func checkEdges(edges []float64) error {
	if len(edges) < MinClasses || len(edges) > MaxClasses {
		return &invalid.Error{Field: "Data.Bins", Found: fmt.Sprintf("%d edges", len(edges)),
			Want: fmt.Sprintf(
				"%d to %d, the lower end of each class",
				MinClasses,
				MaxClasses,
			), Hint: "try {Data.Bins} 0,3,7,14"}
	}
	if i := firstNotIncreasing(edges); i >= 0 {
		return &invalid.Error{Field: "Data.Bins", Found: fmt.Sprintf("the edge %s in place %d", number(edges[i]), i+1),
			Want: "finite numbers in ascending order", Hint: "try {Data.Bins} 0,3,7,14"}
	}
	return nil
}

// number writes x as people do: the shortest decimal that reads back the same, without an exponent.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
