package calibration

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/combin"
)

// Expected returns the 95 % range of the share of n new items that prediction sets cover, over the choice of
// calibration and new items. For given calibration items the coverage of split conformal sets has the distribution
// Beta(k, m+1−k), with m calibration units and k = ⌈(m+1)·coverage⌉ (Vovk 2012, arXiv 1209.2673). The number of
// covered new items is binomial given the coverage. The range is exact if units are items and scores have no ties.
// With too few units, or n below 1, it is 1 to 1.
func Expected(units, n int, coverage float64) (low, high float64) {
	k := math.Ceil(requiredWeight(units, coverage))
	if k > float64(units) || n < 1 {
		return 1, 1
	}
	const tail = 0.025
	a, b := k, float64(units+1)-k
	logBeta := mathext.Lbeta(a, b)
	var below float64
	low = -1
	for covered := range n + 1 {
		x, y := float64(covered), float64(n-covered)
		below += math.Exp(combin.LogGeneralizedBinomial(float64(n), x) + mathext.Lbeta(x+a, y+b) - logBeta)
		if low < 0 && below > tail {
			low = x / float64(n)
		}
		if below >= 1-tail {
			return max(low, 0), x / float64(n)
		}
	}
	return max(low, 0), 1
}
