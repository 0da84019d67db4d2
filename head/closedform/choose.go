package closedform

import (
	"context"

	"finetune/internal/linalg/dense"
)

// A setting is one of the choices: indexes of the λ and of the penalty.
type setting struct{ lambda, penalty int }

// A search holds what was measured for each setting.
type search struct {
	sample  *sample
	options Options
	links   map[setting][]*link   // fitted without each fold; the last one on all rows
	sums    map[setting][]float64 // weighted sums of the criterion over the rows of each fold, by the link without it
}

// Gradients with which a link has arrived.
const (
	roughly = 1e-5 // for choosing
	exactly = 1e-9 // for the result
)

// measure fits the links of every setting of one λ. They start where those of the λ before ended.
func (s *search) measure(ctx context.Context, pool *dense.Pool, lambda int, scores []float64) error {
	folds := s.options.Folds
	errs := make([]error, folds+1)
	fitted := make([][]*link, folds+1)
	sums := make([][]float64, folds+1)
	pool.Run(folds+1, func(fold, _ int) {
		for penalty, strength := range s.options.Penalties {
			k := s.begin(setting{lambda, penalty}, fold, fitted[fold])
			without := fold
			if fold == folds {
				without = -1
			}
			if errs[fold] = fitLink(ctx, s.sample, k, scores, without, strength, roughly); errs[fold] != nil {
				return
			}
			fitted[fold] = append(fitted[fold], k)
			sums[fold] = append(sums[fold], s.sample.score(k, scores, fold))
		}
	})
	for fold, err := range errs {
		if err != nil {
			return err
		}
		for penalty, k := range fitted[fold] {
			at := setting{lambda, penalty}
			s.links[at] = append(s.links[at], k)
			if fold < folds {
				s.sums[at] = append(s.sums[at], sums[fold][penalty])
			}
		}
	}
	return nil
}

// begin returns the link to start from: of the λ before, of the penalty before, or the first of all.
func (s *search) begin(at setting, fold int, fitted []*link) *link {
	k := newLink(s.sample.loss)
	switch before := (setting{at.lambda - 1, at.penalty}); {
	case s.links[before] != nil:
		copy(k.params, s.links[before][fold].params)
	case len(fitted) > 0:
		copy(k.params, fitted[len(fitted)-1].params)
	default:
		k.start(s.sample.loss, s.sample.shares())
	}
	return k
}

// best returns the setting with the least criterion over all folds but one; below 0: over all.
func (s *search) best(without int) setting {
	var best setting
	least := 0.0
	for l := range s.options.Lambdas {
		for p := range s.options.Penalties {
			var sum float64
			for fold, v := range s.sums[setting{l, p}] {
				if fold != without {
					sum += v
				}
			}
			if l == 0 && p == 0 || sum < least {
				best, least = setting{l, p}, sum
			}
		}
	}
	return best
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
