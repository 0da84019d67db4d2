package metrics

import (
	"errors"
	"fmt"
)

// Scores are the predictions of one model for some items, reduced to what each item adds to the figures. They don't
// change.
type Scores struct {
	classes int
	items   []item
}

// Score measures each item of the input; its Groups, Prior, Seed and Resamples play no part. The errors are those of
// Evaluate.
func Score(in Input) (*Scores, error) {
	if err := in.check(); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	k := in.Space.Len()
	return &Scores{k, measure(in, func(i int) []float64 { return in.Probabilities[i*k : (i+1)*k] })}, nil
}

// Figures returns the figures over all items, but for the rank correlations, which are NaN.
func (s *Scores) Figures() Figures {
	t := newTally(s.classes)
	t.addAll(s.items)
	return t.figures()
}

// Resample draws items with replacement, or whole groups of them where groups aren't nil ("" stands alone), as many as
// there are, and measures several models on each draw. The draw is the same for all models, so differences between their
// figures keep what they have in common: a hard item that is drawn twice is so for all.
//
// Each model has scores for the same parts of the items, such as the folds of a cross-validation, and figures are of a
// part each. Groups are those of all items, part after part. A part of which nothing is drawn has figures that aren't defined.
//
// For each resample it calls use with the figures of each model on each part, without the rank correlations. Use is called
// from several goroutines, never twice for a resample, and must not keep the slices. What it is called with depends on the
// arguments only. It returns the number of units that were drawn from; from fewer than two nothing is drawn. Models whose
// parts differ in length and a wrong number of groups are an error.
func Resample(models [][]*Scores, groups []string, resamples int, seed uint64, use func(resample int, figures [][]Figures)) (units int, err error) {
	if len(models) == 0 || len(models[0]) == 0 {
		return 0, errors.New("metrics: no scores to resample")
	}
	n, k := 0, models[0][0].classes
	for _, part := range models[0] {
		n += len(part.items)
	}
	for _, parts := range models {
		if len(parts) != len(models[0]) {
			return 0, fmt.Errorf("metrics: a model of %d parts beside one of %d", len(parts), len(models[0]))
		}
		for i, part := range parts {
			if want := len(models[0][i].items); len(part.items) != want || part.classes != k {
				return 0, fmt.Errorf("metrics: part %d: scores of %d items and %d classes beside %d and %d", i, len(part.items), part.classes, want, k)
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
	u.resample(resamples, seed, func() func(int, []int32) {
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
	return u.len(), nil
}
