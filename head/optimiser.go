package head

import (
	"context"

	"finetune/internal/randstream"
)

// A rule is how a first-order optimiser makes a step of a gradient.
type rule interface {
	// begin starts a step with the given learning rate.
	begin(rate float64)
	// update moves params by grads. state is the place of the two in the vector of all parameters; decay is
	// the weight decay that applies to them. Calls within a step are for disjoint parts, from several goroutines.
	update(params, grads []float32, state int, decay float64)
}

// batches takes a step by a rule after each batch of shuffled examples.
type batches struct {
	rule rule

	trainer     *trainer
	updateBlock func(block, worker int)
}

// newRule returns the rule of the configured optimiser.
func (t *trainer) newRule() rule {
	if t.config.Optimizer == SGD {
		return newSGD(t.config.Momentum, len(t.params.all))
	}
	return newAdamW(len(t.params.all))
}

// updateSize is the number of parameters that a worker updates at once.
const updateSize = 1 << 14

func newBatches(t *trainer, r rule) *batches {
	b := &batches{rule: r, trainer: t}
	b.updateBlock = func(block, _ int) { b.update(block*updateSize, min((block+1)*updateSize, len(t.params.all))) }
	return b
}

// epoch moves the parameters by one pass over the training examples and returns their mean loss as met on the way. Where
// the context ends it stops within a batch and returns the context's error.
func (b *batches) epoch(ctx context.Context, epoch int) (float64, error) {
	t := b.trainer
	n, size := len(t.order), t.config.BatchSize
	if size < n {
		// Anew each time: the order of an epoch depends on nothing before it.
		bytes := 4 * t.train.Features.Cols * max(1, t.train.Views)
		shuffle(t.order, bytes, randstream.New(t.config.Seed, "shuffle", uint64(epoch)))
	} else {
		for i := range t.order {
			t.order[i] = i
		}
	}
	views := randstream.New(t.config.Seed, "views", uint64(epoch))
	for i := range t.views {
		t.views[i] = views.IntN(t.train.Views)
	}
	drop := newDropout(t.config.Dropout, t.config.Seed, epoch)
	steps := (n + size - 1) / size
	var sum float64
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		batch := t.order[step*size : min((step+1)*size, n)]
		value := t.gradient(batch, &drop)
		if !isFinite(value) {
			return 0, t.diverged(epoch)
		}
		sum += value
		b.rule.begin(t.config.rate((epoch-1)*steps+step, t.config.Epochs*steps))
		t.pool.Run((len(t.params.all)+updateSize-1)/updateSize, b.updateBlock)
	}
	return sum / t.totalWeight, nil
}

// update applies the rule to parameters [lo, hi), of which those from params.weights up are biases.
func (b *batches) update(lo, hi int) {
	t := b.trainer
	middle := min(max(t.params.weights, lo), hi)
	b.rule.update(t.params.all[lo:middle], t.grads.all[lo:middle], lo, t.config.WeightDecay)
	b.rule.update(t.params.all[middle:hi], t.grads.all[middle:hi], middle, 0)
}
