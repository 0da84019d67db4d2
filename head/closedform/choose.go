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

// A search holds what was measured. It goes from strong to weak penalties, of the regression and for each of those of
// the link, and ends where the criterion has passed its least.
type search struct {
	sample   *sample
	options  Options
	measured []setting
	links    map[setting][]*link   // fitted without each fold; the last one on all rows
	sums     map[setting][]float64 // weighted sums of the criterion over the rows of each fold, by the link without it
}

// Gradients with which a link has arrived.
const (
	roughly = 1e-4 // for choosing
	exactly = 1e-7 // for the result
)

// patience is how many values of λ in a row may be worse than the best before the search ends. With few images the
// criterion is noisy, and with many each value takes long.
func (s *search) patience() int {
	if s.options.Folds == fewFolds {
		return 1
	}
	return 2
}

// measure fits the links of one λ, and reports whether to go on with the next one.
func (s *search) measure(ctx context.Context, pool *dense.Pool, lambda int, scores []float64) (more bool, err error) {
	for penalty := range s.options.Penalties {
		at := setting{lambda, penalty}
		if err := s.fit(ctx, pool, at, scores); err != nil {
			return false, err
		}
		s.measured = append(s.measured, at)
		if penalty > 0 && s.total(at, -1) > s.total(setting{lambda, penalty - 1}, -1) {
			break
		}
	}
	return lambda-s.best(-1).lambda < s.patience(), nil
}

// fit fits the links of a setting, without each fold and on all rows.
func (s *search) fit(ctx context.Context, pool *dense.Pool, at setting, scores []float64) error {
	folds := s.options.Folds
	errs := make([]error, folds+1)
	links := make([]*link, folds+1)
	sums := make([]float64, folds)
	pool.Run(folds+1, func(fold, _ int) {
		links[fold] = s.begin(at, fold)
		without := fold
		if fold == folds {
			without = -1
		}
		errs[fold] = fitLink(ctx, s.sample, links[fold], scores, without, s.options.Penalties[at.penalty], roughly)
		if fold < folds {
			sums[fold] = s.sample.score(links[fold], scores, fold)
		}
	})
	s.links[at], s.sums[at] = links, sums
	return errors.Join(errs...)
}

// begin returns the link to start from: of the λ before, of the penalty before, or the first of all.
func (s *search) begin(at setting, fold int) *link {
	k := newLink(s.sample.loss)
	for _, before := range []setting{{at.lambda - 1, at.penalty}, {at.lambda, at.penalty - 1}} {
		if s.links[before] != nil {
			copy(k.params, s.links[before][fold].params)
			return k
		}
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
func (s *search) best(without int) setting {
	return slices.MinFunc(s.measured, func(a, b setting) int {
		return cmp.Compare(s.total(a, without), s.total(b, without))
	})
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
