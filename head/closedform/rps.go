package closedform

import "finetune/loss"

// gaps returns the distances between neighbouring classes over their mean; without positions they are 1.
func gaps(c loss.Config) []float64 {
	g := make([]float64, c.Classes-1)
	s := c.Ground.Positions
	for i := range g {
		g[i] = 1
		if s != nil {
			g[i] = (s[i+1] - s[i]) / (s[len(g)] - s[0]) * float64(len(g))
		}
	}
	return g
}

// rankedProbability is the ranked probability score Σᵢ gᵢ (Pᵢ − Tᵢ)², the criterion of all choices. It is emd2 of
// package loss as a function of probabilities, which needn't come from logits.
func rankedProbability(gaps, probabilities, target []float64) float64 {
	var sum, difference float64
	for i, g := range gaps {
		difference += probabilities[i] - target[i]
		sum += g * difference * difference
	}
	return sum
}
