package label

import (
	"math"
	"slices"
)

// The limits of what ProposeBins returns.
const (
	proposedMost  = 8  // classes
	proposedLeast = 5  // numbers in each
	proposedAim   = 25 // numbers in each, where there are enough of them
)

// ProposeBins returns edges for Bins that make up to eight classes of the numbers, with at least five of them in
// each. The edges are the quantiles of the numbers, rounded to multiples of 1, 2 or 5 times a power of ten, as
// coarsely as keeps the classes at least half as large as an equal share. It returns nil where even two classes are
// too many. Numbers that aren't finite are left aside.
func ProposeBins(numbers []float64) []float64 {
	sorted := slices.DeleteFunc(slices.Clone(numbers), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	slices.Sort(sorted)
	if edges := slices.Compact(slices.Clone(sorted)); len(edges) <= proposedMost {
		if len(edges) >= MinClasses && smallest(sorted, edges) >= proposedLeast {
			return edges
		}
	}
	if len(sorted) < MinClasses*proposedLeast {
		return nil
	}
	for k := min(proposedMost, max(MinClasses, len(sorted)/proposedAim)); k >= MinClasses; k-- {
		edges := roundedQuantiles(sorted, k)
		if _, err := Bins(edges); err == nil { // the names of very large or small numbers are too long
			return edges
		}
	}
	return nil
}

// roundedQuantiles returns the edges of k classes on the coarsest grid that keeps each large enough, or nil.
func roundedQuantiles(sorted []float64, k int) []float64 {
	lo, hi := sorted[0], sorted[len(sorted)-1]
	top := math.Floor(math.Log10(hi - lo))
	if lo == hi || math.IsInf(top, 0) {
		return nil
	}
	enough := max(proposedLeast, len(sorted)/(2*k))
	for power := top; power >= top-3; power-- {
		for _, digit := range []float64{5, 2, 1} {
			edges := make([]float64, k)
			for i := range edges {
				edges[i] = onGrid(sorted[i*len(sorted)/k], digit, power, math.Round)
			}
			edges[0] = onGrid(lo, digit, power, math.Floor)
			if firstNotIncreasing(edges) < 0 && smallest(sorted, edges) >= enough {
				return edges
			}
		}
	}
	return nil
}

// onGrid rounds x to a multiple of digit·10^power. It divides by whole numbers, so that 0.3 comes out as written.
func onGrid(x, digit, power float64, round func(float64) float64) float64 {
	if power < 0 {
		scale := math.Pow(10, -power)
		return round(x*scale/digit) * digit / scale
	}
	step := digit * math.Pow(10, power)
	return round(x/step) * step
}

// smallest returns how many of the sorted numbers the smallest class between edges holds.
func smallest(sorted, edges []float64) int {
	least := len(sorted)
	for i, lo := range edges {
		begin, _ := slices.BinarySearch(sorted, lo)
		end := len(sorted)
		if i+1 < len(edges) {
			end, _ = slices.BinarySearch(sorted, edges[i+1])
		}
		least = min(least, end-begin)
	}
	return least
}
