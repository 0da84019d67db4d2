package loss

// BalancedWeights returns a weight for each class that gives every class that occurs the same total weight:
// n / (K' · nₖ) with n samples, of which nₖ have class k, and K' classes that occur; 0 for a class that doesn't.
// counts may hold sums of sample weights. The weights of all samples sum to n.
func BalancedWeights(counts []float64) []float64 {
	var total float64
	var occurring int
	for _, n := range counts {
		if n > 0 {
			total += n
			occurring++
		}
	}
	w := make([]float64, len(counts))
	for k, n := range counts {
		if n > 0 {
			w[k] = total / (float64(occurring) * n)
		}
	}
	return w
}

// SampleWeight returns the weight of a sample by class weights, Σ tₖ wₖ, a factor of its own weight in [Mean]. It
// works with every loss, also with those whose outputs aren't classes.
func SampleWeight[T Float](target []T, classWeights []float64) float64 {
	var w float64
	for k, t := range target {
		w += float64(t) * classWeights[k]
	}
	return w
}
