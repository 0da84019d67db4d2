package loss

import "math"

// CORN is the conditional form of rank logits (Shi, Cao and Raschka 2021, arXiv 2111.08851): σ(zₖ) is P(y > k | y ≥
// k), learned only from samples with y ≥ k, so that no weights need to be shared. The loss of a sample is −Σₖ [uₖ log
// σ(zₖ) + tₖ log σ(−zₖ)] over k < K−1 with uₖ = Σ_{j>k} tⱼ. The published code divides the sum over a batch by its
// number of tasks, Σᵢ min(yᵢ + 1, K − 1) for labels from 0, instead of its number of samples: on a full batch that
// has the same minimum and another scale.
const CORN = "corn"

type corn[T Float] struct{ shape[T] }

func (l *corn[T]) Outputs() int { return l.classes - 1 }

func (l *corn[T]) Sample(logits, target, grad []T, _ *Workspace[T]) T {
	checkSample(l, logits, target, grad)
	var v, above float64
	for k := len(logits) - 1; k >= 0; k-- {
		above += float64(target[k+1])
		value, d := logistic(float64(logits[k]), above, float64(target[k]))
		v += value
		if grad != nil {
			grad[k] = T(d)
		}
	}
	return T(v)
}

// Probabilities multiplies the conditional probabilities, P(y = k) = σ(−zₖ) Π_{j<k} σ(zⱼ), which are always in order.
func (l *corn[T]) Probabilities(logits, probs []T) {
	checkProbabilities(l, logits, probs)
	reached := 1.0 // P(y ≥ k)
	for k, z := range logits {
		probs[k] = T(reached * sigmoid(-float64(z)))
		reached *= sigmoid(float64(z))
	}
	probs[len(logits)] = T(reached)
}

// Logits are the log-odds of P(y > k | y ≥ k).
func (l *corn[T]) Logits(probs, logits []T) {
	checkProbabilities(l, logits, probs)
	var above float64
	for k := len(logits) - 1; k >= 0; k-- {
		above += float64(probs[k+1])
		logits[k] = T(math.Log(above / float64(probs[k])))
	}
}
