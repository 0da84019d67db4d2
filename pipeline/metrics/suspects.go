package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"finetune/label"
)

// A Suspect is an item whose label may be wrong. Distances are expected distances, in class steps, between a class
// and the predicted distribution.
type Suspect struct {
	Item                 int     // index in the input
	Class                int     // suggested class: the median of the predicted distribution
	FromLabel, FromClass float64 // distances of the prediction from the label and from Class
	OfLabel, OfClass     float64 // mean distance from the label over all items labelled with the label, and with Class
}

// Score is the key by which suspects are sorted: how much closer, in class steps, the prediction is to Class than to
// the label.
func (s Suspect) Score() float64 { return s.FromLabel - s.FromClass }

// Suspects returns the items whose labels disagree with their predictions, by falling Score. It uses only Space,
// Labels and Probabilities. The predictions must be out-of-fold: the heads must not have been trained on these items.
// The errors are those of Evaluate.
//
// The method is confident learning (Northcutt, Jiang and Chuang 2021, Journal of Artificial Intelligence Research 70)
// with the expected ordinal distance instead of a class's probability. Confident learning suspects an item if another
// class is at least as probable as it is on average for items of that class. Here an item is suspect if its Score
// exceeds both OfLabel and OfClass. Each class has its own threshold, so that difficult classes don't dominate the
// list, and larger ordinal differences count more. Classes without items are never suggested.
func Suspects(in Input) ([]Suspect, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	k := in.Space.Len()
	row := func(i int) []float64 { return in.Probabilities[i*k : (i+1)*k] }
	mean, count := make([]float64, k), make([]float64, k)
	for i, y := range in.Labels {
		mean[y] += ExpectedDistance(row(i), y)
		count[y]++
	}
	for c := range mean {
		mean[c] /= count[c] // NaN for a class without items; no score exceeds it
	}
	var found []Suspect
	for i, y := range in.Labels {
		p := row(i)
		m := label.Median(p)
		s := Suspect{Item: i, Class: m, FromLabel: ExpectedDistance(p, y), FromClass: ExpectedDistance(p, m),
			OfLabel: mean[y], OfClass: mean[m]}
		if m != y && s.Score() > s.OfClass && s.Score() > s.OfLabel {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b Suspect) int { return cmp.Compare(b.Score(), a.Score()) })
	return found, nil
}

// ExpectedDistance returns Σ p[k]·|k − class|, the expected distance in class steps between class and a class drawn
// from p.
func ExpectedDistance(p []float64, class int) float64 {
	var sum float64
	for k, v := range p {
		sum += v * math.Abs(float64(k-class))
	}
	return sum
}
