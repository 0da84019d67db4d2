package calibration

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Threshold returns the score that as many true classes don't exceed as sets of this coverage need, and how many units it rests on.
// Scores are those of the true classes of calibration items ([Score]). Groups, nil for none, name what isn't independent (the
// images of one person); "" stands alone.
//
// Of n items without groups it is the ⌈(n+1)·coverage⌉-th smallest score, so that a further item's score doesn't exceed it with a
// probability of at least coverage, and of at most coverage + 1/(n+1) where no scores tie. With groups the items of each share the
// weight of one, and the promise is for an item of a group that is yet to come (hierarchical conformal prediction: Lee, Barber and
// Willett 2023, arXiv 2306.06342). Where the units are too few for the level the threshold is 1: every class is in every set.
//
// A coverage outside of (0, 1), a score outside of [0, 1] and a wrong number of groups are an error.
func Threshold(scores []float64, groups []string, coverage float64) (threshold float64, units int, err error) {
	if !(coverage > 0 && coverage < 1) {
		return 0, 0, fmt.Errorf("calibration: a coverage of %v", coverage)
	}
	if groups != nil && len(groups) != len(scores) {
		return 0, 0, fmt.Errorf("calibration: %d groups for %d scores", len(groups), len(scores))
	}
	size := map[string]int{}
	for _, g := range groups {
		size[g]++
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if !(s >= 0 && s <= 1) {
			return 0, 0, fmt.Errorf("calibration: a score of %v", s)
		}
		order[i] = i
		if groups == nil || groups[i] == "" {
			units++
		}
	}
	delete(size, "")
	units += len(size)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	var weight, least float64 = 0, needed(units, coverage)
	for _, i := range order {
		w := 1.0
		if groups != nil && groups[i] != "" {
			w /= float64(size[groups[i]])
		}
		if weight += w; weight >= least {
			return scores[i], units, nil
		}
	}
	return 1, units, nil
}

// needed is the weight of scores, of that many units, that the threshold must not be exceeded by.
func needed(units int, coverage float64) float64 {
	const rounding = 1e-9 // 20 × 0.95 must not come out above 19
	return float64(units+1)*coverage - rounding
}

// FewestUnits returns how many units a threshold below 1 takes at least for sets of a coverage.
func FewestUnits(coverage float64) int {
	const rounding = 1e-9
	return int(math.Ceil(coverage/(1-coverage) - rounding))
}
