package metrics

// ExpectedRPS returns the ranked probability score that the distribution p expects of itself, Σ P(1−P) over its
// cumulative probabilities P: the expected RPS if the true class were drawn from p, the generalised entropy of the
// score (Gneiting and Raftery 2007). It is 0 for a sure answer and at most (K−1)/4, half of the probability at either
// end. Twice it is the expected absolute difference of two classes drawn from p, in class steps.
func ExpectedRPS[F float32 | float64](p []F) float64 {
	var sum, cumulated float64
	for _, v := range p {
		cumulated += float64(v)
		sum += cumulated * max(0, 1-cumulated)
	}
	return sum
}
