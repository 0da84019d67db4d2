package metrics

import "math"

// A Bin is one bin of the reliability curve: the items whose confidence, the largest probability, is in (Low, High].
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	N          int     `json:"n"`
	Confidence Number  `json:"confidence"` // mean; NaN without items
	Accuracy   Number  `json:"accuracy"`   // of the most probable class; NaN without items
	// Interval is the 95 % score interval of Accuracy (Wilson 1927), as if the items were independent.
	Interval [2]Number `json:"interval"`
}

// reliability returns all bins of ECE. They are about the most probable class, whatever the decision rule.
func (t *tally) reliability() []Bin {
	bins := make([]Bin, calibrationBins)
	for b := range bins {
		n := float64(t.binCount[b])
		// 0/0 is NaN, as intended for an empty bin.
		bins[b] = Bin{Low: float64(b) / calibrationBins, High: float64(b+1) / calibrationBins, N: t.binCount[b],
			Confidence: Number(t.binConfidence[b] / n), Accuracy: Number(float64(t.binCorrect[b]) / n),
			Interval: Wilson(float64(t.binCorrect[b]), n)}
	}
	return bins
}

// Wilson returns the 95 % score interval of a proportion of successes in n trials; NaN for n = 0.
func Wilson(successes, n float64) [2]Number {
	const z = 1.959963984540054 // the 97.5 % point of the normal distribution
	share := successes / n
	centre := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return [2]Number{Number(max(0, centre-half)), Number(min(1, centre+half))}
}
