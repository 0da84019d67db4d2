package head

import (
	"fmt"
	"math"

	"finetune/internal/mistake"
)

// A Decision is the rule that makes one class of a distribution.
type Decision string

// The rules. Each is best for the error that it names, as far as the distribution is right.
const (
	Argmax Decision = "argmax" // the most probable class: fewest errors
	Median Decision = "median" // the first class with P(y ≤ k) ≥ ½: least absolute error in classes
	Mean   Decision = "mean"   // the class nearest to the mean position: least squared error
)

// ParseDecision returns the rule of that name; the empty name is Argmax.
func ParseDecision(name string) (Decision, error) {
	switch d := Decision(name); d {
	case "":
		return Argmax, nil
	case Argmax, Median, Mean:
		return d, nil
	}
	return "", &mistake.Error{Subject: "--decision", Found: fmt.Sprintf("%q", name), Expected: "argmax, median or mean"}
}

// Decide returns the class that the rule takes for probs. Positions are where the classes lie, for Mean; nil stands
// for 0, 1, … K−1. Of several equally good classes it is the lowest. It panics on an empty distribution.
func (d Decision) Decide(probs []float32, positions []float64) int {
	switch d {
	case Median:
		return median(probs)
	case Mean:
		return nearest(probs, positions)
	}
	best := 0
	for k, p := range probs {
		if p > probs[best] {
			best = k
		}
	}
	return best
}

func median(probs []float32) int {
	var total, below float64
	for _, p := range probs {
		total += float64(p)
	}
	for k, p := range probs {
		below += float64(p)
		if below >= total/2 {
			return k
		}
	}
	return len(probs) - 1 // only NaN gets here
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
