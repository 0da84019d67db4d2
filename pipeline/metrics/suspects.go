package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A Suspect is an item whose label may be wrong.
type Suspect struct {
	Item  int // its place in the input
	Class int // the class that the prediction gathers around: the median of its distribution
	// FromLabel and FromClass are the expected distances, in class steps, from the label and from Class to a class drawn from the
	// predicted distribution. Typical is the mean of FromLabel over the items that bear Class as their label.
	FromLabel, FromClass, Typical float64
}

// Suspects returns the items whose labels speak against their predictions, those first whose distance to the label is the
// most above that to Class. Only Space, Labels and Probabilities count.
//
// It is confident learning (Northcutt, Jiang, Chuang 2021) with the expected ordinal distance in the place of a
// class's probability, so that a label two classes off weighs more than a neighbour. An item is suspect where its prediction
// lies at least as close around another class as predictions of that class usually lie around it, and further from
// its own label than is usual for that label. The predictions must come from a head that wasn't trained on these items.
// The errors are those of Evaluate.
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
		typical[c] /= count[c] // NaN of a class without items, which no distance is below
	}
	var found []Suspect
	for i, y := range in.Labels {
		p := row(i)
		m := median(p)
		s := Suspect{Item: i, Class: m, FromLabel: ExpectedDistance(p, y), FromClass: ExpectedDistance(p, m), Typical: typical[m]}
		if m != y && s.FromClass <= typical[m] && s.FromLabel > typical[y] {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b Suspect) int {
		return cmp.Compare(b.FromLabel-b.FromClass, a.FromLabel-a.FromClass)
	})
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

// median returns the first class up to which half of p lies, the class of least expected distance.
func median(p []float64) int {
	var total, below float64
	for _, v := range p {
		total += v
	}
	for k, v := range p {
		if below += v; below >= total/2 {
			return k
		}
	}
	return len(p) - 1
}
