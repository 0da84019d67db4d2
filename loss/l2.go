package loss

import "sort"

// L2 is regression on the position: (y − sₖ)² for one output y and the position of the label; for a soft target its
// mean Σ tₖ (y − sₖ)². It predicts the nearest class. Positions are 0, 1, … K−1 where none are given. The gradient
// grows with their range: it isn't normalised as the gaps of emd2 are.
const L2 = "l2"

type l2[T Float] struct {
	shape[T]
	positions []float64
}

func (l *l2[T]) Outputs() int { return 1 }

func (l *l2[T]) Sample(logits, target, grad []T, _ *Workspace[T]) T {
	checkSample(l, logits, target, grad)
	y := float64(logits[0])
	var v, g float64
	for k, t := range target {
		d := y - l.positions[k]
		v += float64(t) * d * d
		g += float64(t) * d
	}
	if grad != nil {
		grad[0] = T(2 * g)
	}
	return T(v)
}

// Probabilities distributes 1 over the two classes around y so that the mean position is y. The mode and the median
// are the nearest class (of two at the same distance the lower), and for K = 2 it is the linear probability model.
// Beyond the ends it is one-hot. It has no information on the spread: likelihoods and calibration measured on it mean
// little.
func (l *l2[T]) Probabilities(logits, probs []T) {
	checkProbabilities(l, logits, probs)
	clear(probs)
	y, s := float64(logits[0]), l.positions
	above := sort.Search(len(s), func(k int) bool { return s[k] > y })
	switch above {
	case 0:
		probs[0] = 1
	case len(s):
		probs[len(s)-1] = 1
	default:
		share := (y - s[above-1]) / (s[above] - s[above-1])
		probs[above-1], probs[above] = T(1-share), T(share)
	}
}

// Logits returns the mean position.
func (l *l2[T]) Logits(probs, logits []T) {
	checkProbabilities(l, logits, probs)
	var y float64
	for k, p := range probs {
		y += float64(p) * l.positions[k]
	}
	logits[0] = T(y)
}
