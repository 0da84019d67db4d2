package metrics

import (
	"cmp"
	"slices"
)

// riskSteps is the number of points of a risk–coverage curve.
const riskSteps = 20

// A RiskCoverage curve says how many answers are wrong among those that are kept when the least sure ones are set
// aside (El-Yaniv and Wiener 2010). Answers are ordered by the RPS that their distribution expects of itself, see
// [ExpectedRPS].
type RiskCoverage struct {
	Points []RiskPoint `json:"points"` // by coverage, ascending; the last one is of all items
	// The areas under the curves are the means over n of the error among the n surest items (Geifman, Uziel and
	// El-Yaniv 2019).
	Area    Number `json:"aurc"`     // of the error rate
	AreaMAE Number `json:"aurc_mae"` // of the MAE
}

// A RiskPoint is what keeping the surest items makes of the error. Items of equal doubt share their errors, so that
// the order of the input plays no part.
type RiskPoint struct {
	Coverage float64   `json:"coverage"` // share of items that are kept
	N        int       `json:"n"`        // items that are kept
	Error    Number    `json:"error"`    // share of them whose answer is wrong
	Interval [2]Number `json:"interval"` // 95 % of Error, Wilson's, as if items were independent
	MAE      Number    `json:"mae"`      // of them, in class steps
	Aside    Number    `json:"aside"`    // share of the others whose answer is wrong; NaN where all are kept
}

// riskCoverage takes the curve of checked items; row gives the distribution of each.
func riskCoverage(items []item, row func(i int) []float64) *RiskCoverage {
	n := len(items)
	doubt, order := make([]float64, n), make([]int, n)
	for i := range items {
		doubt[i], order[i] = ExpectedRPS(row(i)), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(doubt[a], doubt[b]) })
	// wrong[m] and off[m] are the errors among the m surest items.
	wrong, off := make([]float64, n+1), make([]float64, n+1)
	for from := 0; from < n; {
		end, w, d := from, 0.0, 0.0
		for ; end < n && doubt[order[end]] == doubt[order[from]]; end++ {
			steps := max(
				items[order[end]].predicted-items[order[end]].truth,
				items[order[end]].truth-items[order[end]].predicted,
			)
			w += float64(min(steps, 1))
			d += float64(steps)
		}
		for m := from + 1; m <= end; m++ {
			share := float64(m-from) / float64(end-from)
			wrong[m], off[m] = wrong[from]+w*share, off[from]+d*share
		}
		from = end
	}
	c := &RiskCoverage{}
	for m := 1; m <= n; m++ {
		c.Area += Number(wrong[m] / float64(m) / float64(n))
		c.AreaMAE += Number(off[m] / float64(m) / float64(n))
	}
	last := 0
	for step := 1; step <= riskSteps; step++ {
		m := (n*step + riskSteps - 1) / riskSteps
		if m == last {
			continue
		}
		last = m
		kept, others := float64(m), float64(n-m)
		c.Points = append(
			c.Points,
			RiskPoint{
				Coverage: kept / float64(n),
				N:        m,
				Error:    Number(wrong[m] / kept),
				Interval: Wilson(wrong[m], kept),
				MAE:      Number(off[m] / kept),
				Aside:    Number((wrong[n] - wrong[m]) / others),
			},
		)
	}
	return c
}
