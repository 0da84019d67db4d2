package calibration

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/combin"
)

// Expected returns the range that the share of covered items among n new ones falls in 95 times of 100: the luck of which items
// were calibrated on and of which are new, taken together. Given the former, the coverage that split conformal sets have is
// Beta(k, m+1−k)-distributed with m calibration units and k = ⌈(m+1)·coverage⌉ (Vovk 2012, arXiv 1209.2673), and the number of new items
// covered is binomial in it. It is exact where units are items and no scores tie. With too few units, or n below 1, it is 1 to 1.
func Expected(units, n int, coverage float64) (low, high float64) {
	k := math.Ceil(needed(units, coverage))
	if k > float64(units) || n < 1 {
		return 1, 1
	}
	const tail = 0.025
	a, b := k, float64(units+1)-k
	whole := mathext.Lbeta(a, b)
	var below float64
	low = -1
	for covered := range n + 1 {
		x, y := float64(covered), float64(n-covered)
		below += math.Exp(combin.LogGeneralizedBinomial(float64(n), x) + mathext.Lbeta(x+a, y+b) - whole)
		if low < 0 && below > tail {
			low = x / float64(n)
		}
		if below >= 1-tail {
			return max(low, 0), x / float64(n)
		}
	}
	return max(low, 0), 1
}
