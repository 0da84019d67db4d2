package calibration

import "finetune/loss"

// Interval returns the prediction set of a distribution: the classes low to high that score no more than threshold, start among
// them. A threshold of 1 gives all classes; a larger one never gives a narrower range. Probs sum to 1 but for rounding. It
// panics on a start outside of probs.
func Interval[T loss.Float](probs []T, start int, threshold float64) (low, high int) {
	g := begin(probs, start)
	for g.mass() <= threshold && g.join() {
	}
	return g.low, g.high
}

// Score returns the score of a class: the probability of the range around start when the class joins it, 0 for start itself. It
// lies between 0 and 1. It panics on a start or a class outside of probs.
func Score[T loss.Float](probs []T, start, class int) float64 {
	g := begin(probs, start)
	var before float64
	for class < g.low || class > g.high {
		before = g.mass()
		g.join()
	}
	return before
}

// A growing range of classes, always contiguous.
type growing[T loss.Float] struct {
	probs     []T
	low, high int
	sum       float64
}

func begin[T loss.Float](probs []T, start int) *growing[T] {
	return &growing[T]{probs, start, start, float64(probs[start])}
}

// mass is the probability of the range; sums of rounded numbers may come out above 1.
func (g *growing[T]) mass() float64 { return min(g.sum, 1) }

// join takes in the neighbour of larger probability, the lower of equals; false where there is none left.
func (g *growing[T]) join() bool {
	below, above := g.low > 0, g.high < len(g.probs)-1
	switch {
	case below && (!above || g.probs[g.low-1] >= g.probs[g.high+1]):
		g.low--
		g.sum += float64(g.probs[g.low])
	case above:
		g.high++
		g.sum += float64(g.probs[g.high])
	}
	return below || above
}
