package calibration

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Threshold returns the threshold of prediction sets with the given target coverage, and the number of units it is
// computed from. Scores are those of the labels of n calibration items ([Score]). Items of one group, such as the
// images of one person, aren't independent; "" is a group of one item, and nil groups are none.
//
// Without groups it is the ⌈(n+1)·coverage⌉-th smallest score. The score of a new item then doesn't exceed it with a
// probability of at least coverage, and at most coverage + 1/(n+1) without ties. With groups the items of a group
// share a weight of one, and the guarantee is for an item of a new group (hierarchical conformal prediction: Lee,
// Barber and Willett 2023, arXiv 2306.06342). With too few units the threshold is 1, so every set contains all
// classes.
//
// A coverage outside (0, 1), a score outside [0, 1] and a wrong number of groups are errors.
func Threshold(scores []float64, groups []string, coverage float64) (threshold float64, units int, err error) {
	if !(coverage > 0 && coverage < 1) {
		return 0, 0, fmt.Errorf("calibration: coverage %v outside (0, 1)", coverage)
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
			return 0, 0, fmt.Errorf("calibration: score %v outside [0, 1]", s)
		}
		order[i] = i
		if groups == nil || groups[i] == "" {
			units++
		}
	}
	delete(size, "")
	units += len(size)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	var weight, required float64 = 0, requiredWeight(units, coverage)
	for _, i := range order {
		w := 1.0
		if groups != nil && groups[i] != "" {
			w /= float64(size[groups[i]])
		}
		if weight += w; weight >= required {
			return scores[i], units, nil
		}
	}
	return 1, units, nil
}

// requiredWeight returns the cumulative weight that the scores up to the threshold must reach.
func requiredWeight(units int, coverage float64) float64 {
	const rounding = 1e-9 // 20 × 0.95 must not exceed 19
	return float64(units+1)*coverage - rounding
}

// MinUnits returns the smallest number of units for which the threshold can be below 1.
func MinUnits(coverage float64) int {
	const rounding = 1e-9
	return int(math.Ceil(coverage/(1-coverage) - rounding))
}
