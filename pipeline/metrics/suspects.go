package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"finetune/label"
)

// A Suspect is an item whose label may be wrong. Distances are expected ones, in class steps, to a class drawn from the predicted
// distribution.
type Suspect struct {
	Item                 int     // its place in the input
	Class                int     // the class that the prediction gathers around: the median of its distribution
	FromLabel, FromClass float64 // how far the prediction lies from the label and from Class
	OfLabel, OfClass     float64 // how far predictions for items with that label usually lie from it: the mean over them
}

// Score is what the list of suspects is ordered by: by how many class steps the prediction would lie nearer to Class than to the
// label.
func (s Suspect) Score() float64 { return s.FromLabel - s.FromClass }

// Suspects returns the items whose labels speak against their predictions, those with the largest Score first. Only Space, Labels and
// Probabilities count.
//
// It is confident learning (Northcutt, Jiang, Chuang 2021, Journal of Artificial Intelligence Research 70) with the expected ordinal
// distance in the place of a class's probability. There an item is suspect where another class is as probable as it is on average for
// items of that class; here where another class is nearer to the prediction than the label is, by more than predictions for either
// class lie away from it on average. As there, each class has a threshold of its own, so that a class that is hard to tell
// doesn't fill the list; and a label two classes off weighs more than a neighbour. A class without items is suggested for none. The
// predictions must come from heads that weren't trained on these items. The errors are those of Evaluate.
func Suspects(in Input) ([]Suspect, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	k := in.Space.Len()
	row := func(i int) []float64 { return in.Probabilities[i*k : (i+1)*k] }
	typical, count := make([]float64, k), make([]float64, k)
	for i, y := range in.Labels {
		typical[y] += ExpectedDistance(row(i), y)
		count[y]++
	}
	for c := range typical {
		typical[c] /= count[c] // NaN of a class without items, which nothing is above
	}
	var found []Suspect
	for i, y := range in.Labels {
		p := row(i)
		m := label.Median(p)
		s := Suspect{Item: i, Class: m, FromLabel: ExpectedDistance(p, y), FromClass: ExpectedDistance(p, m), OfLabel: typical[y], OfClass: typical[m]}
		if m != y && s.Score() > s.OfClass && s.Score() > s.OfLabel {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b Suspect) int { return cmp.Compare(b.Score(), a.Score()) })
	return found, nil
}

// ExpectedDistance returns Σ p |k − class|, the mean distance in class steps between a class and one drawn from p.
func ExpectedDistance(p []float64, class int) float64 {
	var sum float64
	for k, v := range p {
		sum += v * math.Abs(float64(k-class))
	}
	return sum
}
