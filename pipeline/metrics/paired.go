package metrics

import (
	"context"
	"errors"
	"fmt"
)

// Scores are the per-item terms of one model's metrics. They are immutable.
type Scores struct {
	classes int
	items   []item
}

// Score computes the terms of each item. It ignores Groups, Prior, Seed and Resamples. The errors are those of
// Evaluate.
func Score(in Input) (*Scores, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	k := in.Space.Len()
	return &Scores{k, measure(in, func(i int) []float64 { return in.Probabilities[i*k : (i+1)*k] })}, nil
}

// Figures returns the metrics over all items. The rank correlations are NaN.
func (s *Scores) Figures() Figures {
	t := newTally(s.classes)
	t.addAll(s.items)
	return t.figures()
}

// Resample is a paired bootstrap of several models. It draws items with replacement, or whole groups if groups aren't
// nil ("" is a group of one item), as many as there are, and computes the metrics of every model on each draw. All
// models share the draws, so that the variance that they have in common cancels in differences.
//
// models[i][j] are the scores of model i for part j of the items, such as a fold. Metrics are computed for each part.
// Groups are those of all items, part after part. A part without drawn items has undefined metrics.
//
// Resample calls use for each draw with the metrics of each model on each part, without the rank correlations.
// Several goroutines call use, once for each draw; it must not keep the slices. The calls depend only on the
// arguments. Resample returns the number of units, items or groups, and draws nothing from fewer than two. Models
// whose parts differ in length, a wrong number of groups, and the end of ctx are errors.
func Resample(ctx context.Context, models [][]*Scores, groups []string, resamples int, seed uint64,
	use func(resample int, figures [][]Figures)) (units int, err error) {
	if len(models) == 0 || len(models[0]) == 0 {
		return 0, errors.New("metrics: no scores to resample")
	}
	n, k := 0, models[0][0].classes
	for _, part := range models[0] {
		n += len(part.items)
	}
	for _, parts := range models {
		if len(parts) != len(models[0]) {
			return 0, fmt.Errorf("metrics: models with %d and %d parts", len(parts), len(models[0]))
		}
		for i, part := range parts {
			if want := len(models[0][i].items); len(part.items) != want || part.classes != k {
				return 0, fmt.Errorf("metrics: part %d: scores of %d items and %d classes, expected %d and %d", i,
					len(part.items), part.classes, want, k)
			}
		}
	}
	if groups != nil && len(groups) != n {
		return 0, fmt.Errorf("metrics: %d groups for %d items", len(groups), n)
	}
	u := newUnits(groups, n)
	if u.len() < 2 {
		return u.len(), nil
	}
	err = u.resample(ctx, resamples, seed, func() func(int, []int32) {
		t := newTally(k)
		figures := make([][]Figures, len(models))
		for i := range figures {
			figures[i] = make([]Figures, len(models[i]))
		}
		return func(r int, times []int32) {
			for m, parts := range models {
				first := 0
				for i, part := range parts {
					end := first + len(part.items)
					figures[m][i] = t.resampled(part.items, times[first:end])
					first = end
				}
			}
			use(r, figures)
		}
	})
	return u.len(), err
}

// RPS returns the ranked probability score of each item.
func (s *Scores) RPS() []float64 {
	list := make([]float64, len(s.items))
	for i := range s.items {
		list[i] = s.items[i].rps
	}
	return list
}
