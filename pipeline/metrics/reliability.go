package metrics

import "math"

// A Bin is one step of the reliability curve: the items whose largest probability lies in (Low, High].
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	N          int     `json:"n"`
	Confidence Number  `json:"confidence"` // mean of the largest probability; NaN without items
	Accuracy   Number  `json:"accuracy"`   // share whose likeliest class is true; NaN without items
	// Interval is the 95 % score interval of Accuracy (Wilson 1927), as if the items were independent.
	Interval [2]Number `json:"interval"`
}

// reliability returns the bins that ECE is taken over, all of them, the empty ones too. Like ECE they are about the
// likeliest class, whatever class a rule takes.
func (t *tally) reliability() []Bin {
	bins := make([]Bin, calibrationBins)
	for b := range bins {
		n := float64(t.binCount[b])
		// Without items 0/0 is NaN, which is what such a figure is.
		bins[b] = Bin{Low: float64(b) / calibrationBins, High: float64(b+1) / calibrationBins, N: t.binCount[b],
			Confidence: Number(t.binConfidence[b] / n), Accuracy: Number(float64(t.binRight[b]) / n), Interval: wilson(float64(t.binRight[b]), n)}
	}
	return bins
}

// wilson returns the 95 % score interval of a share of right ones among n; NaN of none.
func wilson(right, n float64) [2]Number {
	const z = 1.959963984540054 // the 97.5 % point of the normal distribution
	share := right / n
	centre := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return [2]Number{Number(max(0, centre-half)), Number(min(1, centre+half))}
}
