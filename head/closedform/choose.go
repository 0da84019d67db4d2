package closedform

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"finetune/internal/linalg/dense"
)

// A setting is one of the choices: indexes of the λ and of the penalty.
type setting struct{ lambda, penalty int }

// A search holds what was measured.
type search struct {
	sample   *sample
	options  Options
	start    []*link // of each fold and of all rows, where an earlier search has found some; nil: none
	penalty  int     // that is tried first
	measured []setting
	links    map[setting][]*link   // fitted without each fold; the last one on all rows
	sums     map[setting][]float64 // weighted sums of the criterion over the rows of each fold, by the link without it
}

// Gradients with which a link has arrived.
const (
	roughly = 1e-4 // for choosing
	exactly = 1e-7 // for the result
)

// climb visits numbers below count, from first on: larger ones while they are better, and where none is, smaller ones. It
// goes on until so many in a row were worse than the best.
func climb(first, count, patience int, visit func(number int) (float64, error)) error {
	start, err := visit(first)
	if err != nil {
		return err
	}
	best := start
	for _, step := range []int{1, -1} {
		worse := 0
		for i := first + step; i >= 0 && i < count && worse < patience; i += step {
			value, err := visit(i)
			if err != nil {
				return err
			}
			if worse++; value < best {
				best, worse = value, 0
			}
		}
		if best < start {
			break
		}
	}
	return nil
}

// lambdas asks for the scores of each λ to be tried and says when it is measured. With few images the criterion is noisy
// and a value takes no time, so the search begins with the strongest penalty and forgives one that is worse. With many
// it begins where the best often is.
func (s *search) lambdas(
	ctx context.Context, pool *dense.Pool, scoresOf func(lambda int) ([]float64, error), measured func(lambda int),
) error {
	first, patience := 0, 2
	if s.options.Folds == fewFolds {
		first, patience = (len(s.options.Lambdas)-1)/4, 1
	}
	penalty := s.penalty
	return climb(first, len(s.options.Lambdas), patience, func(lambda int) (float64, error) {
		scores, err := scoresOf(lambda)
		if err != nil {
			return 0, err
		}
		if err := s.penalties(ctx, pool, lambda, penalty, scores); err != nil {
			return 0, err
		}
		measured(lambda)
		best := s.bestOf(lambda)
		penalty = best.penalty // to start with for the next λ
		return s.total(best, -1), nil
	})
}

// penalties fits the links of one λ, from one penalty on.
func (s *search) penalties(ctx context.Context, pool *dense.Pool, lambda, first int, scores []float64) error {
	return climb(first, len(s.options.Penalties), 1, func(penalty int) (float64, error) {
		at := setting{lambda, penalty}
		err := s.fit(ctx, pool, at, scores)
		return s.total(at, -1), err
	})
}

// fit fits the links of a setting, without each fold and on all rows.
func (s *search) fit(ctx context.Context, pool *dense.Pool, at setting, scores []float64) error {
	folds := s.options.Folds
	errs := make([]error, folds+1)
	links := make([]*link, folds+1)
	sums := make([]float64, folds)
	penalty := s.options.Penalties[at.penalty]
	coordinates := newCoordinates(s.sample, s.begin(at, folds), scores, penalty)
	pool.Run(folds+1, func(fold, _ int) {
		links[fold] = s.begin(at, fold)
		without := fold
		if fold == folds {
			without = -1
		}
		errs[fold] = fitLink(ctx, s.sample, links[fold], coordinates, scores, without, penalty, roughly)
		if fold < folds {
			sums[fold] = s.sample.score(links[fold], scores, fold)
		}
	})
	s.measured = append(s.measured, at)
	s.links[at], s.sums[at] = links, sums
	return errors.Join(errs...)
}

// begin returns the link to start from: of a neighbouring λ or penalty, of an earlier search, or the first of all.
func (s *search) begin(at setting, fold int) *link {
	k := newLink(s.sample.loss)
	for _, near := range []setting{
		{at.lambda - 1, at.penalty}, {at.lambda + 1, at.penalty}, {at.lambda, at.penalty - 1}, {at.lambda, at.penalty + 1},
	} {
		if s.links[near] != nil {
			copy(k.params, s.links[near][fold].params)
			return k
		}
	}
	if s.start != nil {
		copy(k.params, s.start[fold].params)
		return k
	}
	k.start(s.sample.loss, s.sample.shares())
	return k
}

// total adds up the criterion of all folds but one; below 0: of all.
func (s *search) total(at setting, without int) float64 {
	var sum float64
	for fold, v := range s.sums[at] {
		if fold != without {
			sum += v
		}
	}
	return sum
}

// best returns the setting with the least criterion over all folds but one; below 0: over all.
func (s *search) best(without int) setting { return s.least(s.measured, without) }

// bestOf returns that of one λ, over all folds.
func (s *search) bestOf(lambda int) setting {
	return s.least(slices.DeleteFunc(slices.Clone(s.measured), func(at setting) bool { return at.lambda != lambda }), -1)
}

// largest returns the best setting of the largest λ whose criterion is above the least by no more than this share of it.
func (s *search) largest(share float64) setting {
	enough := (1 + share) * s.total(s.best(-1), -1)
	lambda := len(s.options.Lambdas) // their numbers ascend as they descend
	for _, at := range s.measured {
		if s.total(at, -1) <= enough {
			lambda = min(lambda, at.lambda)
		}
	}
	return s.bestOf(lambda)
}

func (s *search) least(settings []setting, without int) setting {
	return slices.MinFunc(settings, func(a, b setting) int { return cmp.Compare(s.total(a, without), s.total(b, without)) })
}

// shares are the weighted means of the targets, a little of each class added, so that none is 0.
func (s *sample) shares() []float64 {
	classes := s.loss.Classes()
	shares := make([]float64, classes)
	var total float64
	for i, w := range s.weights {
		for k, t := range s.targets[i*classes : (i+1)*classes] {
			shares[k] += w * t
		}
		total += w
	}
	for k := range shares {
		shares[k] = (shares[k]/total + 1e-3) / (1 + 1e-3*float64(classes))
	}
	return shares
}
