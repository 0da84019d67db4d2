package calibration

import "finetune/loss"

// Interval returns the prediction set of a distribution: the classes low … high whose score doesn't exceed threshold.
// It contains start. A threshold of 1 gives all classes, and the range grows with the threshold. Probs sum to 1
// except for rounding. Interval panics if start is out of range.
func Interval[T loss.Float](probs []T, start int, threshold float64) (low, high int) {
	g := newClassRange(probs, start)
	for g.mass() <= threshold && g.grow() {
	}
	return g.low, g.high
}

// Score returns the score of a class, in [0, 1]: the probability of the range around start before the class joins it,
// 0 for start. It panics if start or class is out of range.
func Score[T loss.Float](probs []T, start, class int) float64 {
	g := newClassRange(probs, start)
	var before float64
	for class < g.low || class > g.high {
		before = g.mass()
		g.grow()
	}
	return before
}

// A classRange is a contiguous range of classes that grows.
type classRange[T loss.Float] struct {
	probs     []T
	low, high int
	sum       float64
}

func newClassRange[T loss.Float](probs []T, start int) *classRange[T] {
	return &classRange[T]{probs, start, start, float64(probs[start])}
}

// mass returns the probability of the range, at most 1 despite rounding.
func (g *classRange[T]) mass() float64 { return min(g.sum, 1) }

// grow adds the adjacent class with the larger probability, the lower of ties. It returns false if there is none.
func (g *classRange[T]) grow() bool {
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
