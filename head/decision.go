package head

import (
	"fmt"
	"math"
	"slices"

	"finetune/label"
	"finetune/loss"
)

// A Decision is a decision rule: how a distribution becomes one class.
type Decision string

// The decision rules. Each minimises the error that it names if the distribution is right.
const (
	Argmax Decision = "argmax" // the most probable class: fewest errors
	Median Decision = "median" // the first class with P(y ≤ k) ≥ ½: least absolute error in classes
	Mean   Decision = "mean"   // the class nearest to the mean position: least squared error
	// LeastDistance is the class i with the least expected ground distance Σₖ pₖ·D(i, k), which minimises the Bayes
	// risk. Where classes are on a line, at equal steps or at positions, that is the median; with a matrix it is a
	// rule of its own.
	LeastDistance Decision = "least-distance"
)

// Decisions returns all rules.
func Decisions() []Decision { return []Decision{Argmax, Median, Mean, LeastDistance} }

func decisionNames() []string {
	var names []string
	for _, d := range Decisions() {
		names = append(names, string(d))
	}
	return names
}

// ParseDecision returns the rule of that name; the empty name is Argmax.
func ParseDecision(name string) (Decision, error) {
	d := Decision(name)
	switch {
	case name == "":
		return Argmax, nil
	case slices.Contains(Decisions(), d):
		return d, nil
	}
	return "", wrong("Head.Decision", fmt.Sprintf("%q", name), orList(decisionNames()))
}

// Decide applies the rule to probs and returns a class. Mean uses the positions of the ground distance and
// LeastDistance all of it; its zero value is equal steps. Of several equally good classes the result is the lowest.
// Decide panics on an empty distribution, and for LeastDistance on a matrix of another size.
func (d Decision) Decide(probs []float32, ground loss.GroundDistance) int {
	switch {
	case d == Median, d == LeastDistance && ground.Matrix == nil:
		return label.Median(probs)
	case d == LeastDistance:
		return leastDistance(probs, ground.Matrix)
	case d == Mean:
		return nearest(probs, ground.Positions)
	}
	best := 0
	for k, p := range probs {
		if p > probs[best] {
			best = k
		}
	}
	return best
}

// leastDistance returns the row of the K × K matrix with the least expected distance.
func leastDistance(probs []float32, matrix []float64) int {
	best, least := 0, math.Inf(1)
	for i := range probs {
		var expected float64
		for k, d := range matrix[i*len(probs) : (i+1)*len(probs)] {
			expected += float64(probs[k]) * d
		}
		if expected < least {
			best, least = i, expected
		}
	}
	return best
}

func nearest(probs []float32, positions []float64) int {
	at := func(k int) float64 {
		if positions == nil {
			return float64(k)
		}
		return positions[k]
	}
	var total, mean float64
	for k, p := range probs {
		total += float64(p)
		mean += float64(p) * at(k)
	}
	mean /= total
	best := 0
	for k := range probs {
		if math.Abs(at(k)-mean) < math.Abs(at(best)-mean) {
			best = k
		}
	}
	return best
}
