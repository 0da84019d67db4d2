package head

import (
	"context"

	"finetune/internal/randstream"
)

// An optimiser moves the parameters of a fit's objective towards its minimum. It calls fit.begin and fit.end around
// each epoch: a pass over the examples or an iteration.
type optimiser interface {
	minimise(ctx context.Context) error
}

// newOptimiser returns the configured optimiser of a fit.
func newOptimiser(f *fit) optimiser {
	o := f.objective
	switch o.config.Optimizer {
	case LBFGS:
		return &lbfgs{fit: f}
	case SGD:
		return newFirstOrder(f, newSGD(o.config.Momentum, len(o.params.all)))
	}
	return newFirstOrder(f, newAdamW(len(o.params.all)))
}

// An updateRule makes a step of a gradient.
type updateRule interface {
	// begin starts a step with the given learning rate.
	begin(rate float64)
	// update moves params by grads. state is the place of the two in the vector of all parameters; decay is
	// the weight decay that applies to them. Calls within a step are for disjoint parts, from several goroutines.
	update(params, grads []float32, state int, decay float64)
}

// firstOrder takes a step by a rule after each batch of shuffled examples.
type firstOrder struct {
	fit   *fit
	rule  updateRule
	order []int // of the training examples, in this epoch
}

func newFirstOrder(f *fit, r updateRule) *firstOrder {
	return &firstOrder{fit: f, rule: r, order: inOrder(f.objective.train.Len())}
}

func (s *firstOrder) minimise(ctx context.Context) error {
	c := s.fit.objective.config
	for epoch := 1; epoch <= c.Epochs; epoch++ {
		record, err := s.fit.begin(epoch)
		if err != nil {
			return err
		}
		record.LR = c.rate(epoch-1, c.Epochs)
		if record.TrainLoss, err = s.epoch(ctx, epoch); err != nil {
			return err
		}
		if stop, err := s.fit.end(record); stop || err != nil {
			return err
		}
	}
	return nil
}

// epoch moves the parameters by one pass over the training examples and returns their mean loss along the way. Where
// the context ends it stops within a batch and returns the context's error.
func (s *firstOrder) epoch(ctx context.Context, epoch int) (float64, error) {
	o := s.fit.objective
	c, n := o.config, len(s.order)
	if c.BatchSize < n { // else they stay in order
		bytes := 4 * o.train.Features.Cols * o.train.views()
		shuffle(s.order, bytes, randstream.New(c.Seed, "shuffle", uint64(epoch)))
	}
	views := randstream.New(c.Seed, "views", uint64(epoch))
	for i := range o.views {
		o.views[i] = views.IntN(o.train.Views)
	}
	drop := newDropout(c.Dropout, c.Seed, epoch)
	steps := (n + c.BatchSize - 1) / c.BatchSize
	update := s.update
	var sum float64
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s.rule.begin(c.rate((epoch-1)*steps+step, c.Epochs*steps))
		end := min((step+1)*c.BatchSize, n)
		value := o.step(batch{order: s.order[step*c.BatchSize : end], ahead: s.order[end:], update: update, updated: step > 0}, &drop)
		if !isFinite(value) {
			return 0, o.diverged(epoch)
		}
		sum += value
	}
	return sum / o.totalWeight, nil
}

// update applies the rule to parameters [lo, hi), of which those from params.weights up are biases.
func (s *firstOrder) update(lo, hi int) {
	o := s.fit.objective
	middle := min(max(o.params.weights, lo), hi)
	s.rule.update(o.params.all[lo:middle], o.grads.all[lo:middle], lo, o.config.WeightDecay)
	s.rule.update(o.params.all[middle:hi], o.grads.all[middle:hi], middle, 0)
}
