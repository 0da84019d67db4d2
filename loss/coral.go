package loss

import "math"

// CORAL is consistent rank logits (Cao, Mirjalili and Raschka 2020, arXiv 1901.07884): K−1 binary tasks "y > k" with
// one weight vector for all and a bias each, zₖ = w·x + bₖ. The loss of a sample is the sum of their logistic losses,
// −Σₖ [uₖ log σ(zₖ) + (1 − uₖ) log σ(−zₖ)] with uₖ = Σ_{j>k} tⱼ, which is 0 or 1 for a label. The tasks have no
// importance weights; class weights act as sample weights ([SampleWeight]).
const CORAL = "coral"

type coral[T Float] struct{ shape[T] }

func (l *coral[T]) Outputs() int        { return l.classes - 1 }
func (l *coral[T]) SharedWeights() bool { return true }

func (l *coral[T]) Sample(logits, target, grad []T, _ *Workspace[T]) T {
	checkSample(l, logits, target, grad)
	var v, above float64
	for k := len(logits) - 1; k >= 0; k-- {
		above += float64(target[k+1])
		value, d := logistic(float64(logits[k]), above, 1-above)
		v += value
		if grad != nil {
			grad[k] = T(d)
		}
	}
	return T(v)
}

// Probabilities takes P(y > k) = σ(zₖ) and returns their differences. Where biases are out of order, which would make
// P(y = k) negative, P(y > k) is lowered to the one before it.
func (l *coral[T]) Probabilities(logits, probs []T) {
	checkProbabilities(l, logits, probs)
	last := len(logits)
	previous := float64(logits[0])
	probs[0] = T(sigmoid(-previous))
	for k := 1; k < last; k++ {
		z := min(previous, float64(logits[k]))
		if z > 0 { // both P(y > k) are close to one: their complements are more accurate
			probs[k] = T(sigmoid(-z) - sigmoid(-previous))
		} else {
			probs[k] = T(sigmoid(previous) - sigmoid(z))
		}
		previous = z
	}
	probs[last] = T(sigmoid(previous))
}

// Logits are the log-odds of P(y > k).
func (l *coral[T]) Logits(probs, logits []T) {
	checkProbabilities(l, logits, probs)
	var above float64
	for k := len(logits) - 1; k >= 0; k-- {
		above += float64(probs[k+1])
		logits[k] = T(math.Log(above))
	}
	var below float64
	for k := range logits {
		below += float64(probs[k])
		logits[k] -= T(math.Log(below))
	}
}
