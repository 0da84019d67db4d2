package head

import (
	"fmt"
	"math"

	"finetune/internal/kappa"
	"finetune/internal/linalg/dense"
	"finetune/invalid"
	"finetune/loss"
)

// An objective is the weighted mean loss of the training examples as a function of the network's parameters.
type objective struct {
	config        Config
	pool          *dense.Pool
	standardiser  *standardiser
	params, grads *parameters
	pass          pass
	loss          loss.Loss[float32] // of the epoch under way

	train       Examples
	weights     []float32 // of the training examples: their own times their class's
	totalWeight float64
	views       []int // which view of each training example the epoch takes; nil: there is one

	ground loss.GroundDistance // of the decision rule: measured while training if it is self-guided
}

func newObjective(c Config, pool *dense.Pool, s *standardiser, l loss.Loss[float32], train Examples,
	classWeights []float64) *objective {
	o := &objective{config: c, pool: pool, standardiser: s, train: train, ground: c.Loss.Ground}
	if train.views() > 1 {
		o.views = make([]int, train.Len())
	}
	o.weights, o.totalWeight = exampleWeights(train, classWeights)
	o.params = newParameters(train.Features.Cols, c.Hidden, l.Outputs())
	o.grads = newParameters(train.Features.Cols, c.Hidden, l.Outputs())
	o.params.initialise(c.Seed, l.SharedWeights())
	o.pass = newPass(pool, o.params, s, c.Dropout)
	o.setLoss(l)
	return o
}

func (o *objective) setLoss(l loss.Loss[float32]) {
	o.loss = l
	o.pass.setLoss(l)
}

// gradient writes the gradient of the loss of a batch to o.grads and returns the weighted sum of its losses. The loss
// of a batch is that sum over its number of examples and the mean weight of all examples: an unbiased estimate of the
// weighted mean over all, which it is for the full batch.
func (o *objective) gradient(order []int, drop *dropout) float64 {
	return o.step(batch{order: order}, drop)
}

// step is gradient for a batch with its order and whatever concerns those before and after it. The rest is filled in.
func (o *objective) step(b batch, drop *dropout) float64 {
	b.examples, b.views, b.weights, b.dropout = o.train, o.views, o.weights, *drop
	b.scale = float64(len(o.weights)) / (float64(len(b.order)) * o.totalWeight)
	update := b.update
	if o.loss.SharedWeights() {
		b.update, b.updated = nil, false
	}
	sum := o.pass.gradient(b, o.grads)
	drop.first += uint64(len(b.order))
	if o.loss.SharedWeights() {
		sumRows(o.grads.output)
		if update != nil {
			updateAll(o.pool, len(o.grads.all), update)
			for r := 1; r < o.params.output.Rows; r++ { // vectors and what is left of them may round in different ways
				copy(o.params.output.Row(r), o.params.output.Row(0))
			}
		}
	}
	return sum
}

// updateSize is the number of parameters that a worker updates at once.
const updateSize = 1 << 14

// updateAll calls update for all parameters.
func updateAll(pool *dense.Pool, count int, update func(lo, hi int)) {
	pool.Run((count+updateSize-1)/updateSize, func(block, _ int) { update(block*updateSize, min((block+1)*updateSize, count)) })
}

// sumRows gives all rows their sum, which is the gradient of the one weight vector that they are copies of.
func sumRows(m dense.Matrix) {
	sum := m.Row(0)
	for r := 1; r < m.Rows; r++ {
		for j, g := range m.Row(r) {
			sum[j] += g
		}
	}
	for r := 1; r < m.Rows; r++ {
		copy(m.Row(r), sum)
	}
}

// A validation is what an epoch's parameters say of the validation examples. Figures of the decision weigh examples by their
// own weights alone; a soft target counts for each of its classes.
type validation struct {
	loss                    float64 // weighted mean, with class weights
	mae, accuracy, qwk, rps float64
}

// evaluate measures the parameters on e.
func (o *objective) evaluate(e Examples, weights []float32) (v validation) {
	k := o.loss.Classes()
	probs := make([]float32, k)
	truth, predicted := make([]float64, k), make([]float64, k)
	var total, own, squares float64
	o.pass.forward(e, func(example int, a activations) {
		w := float64(weights[example])
		v.loss += w * a.loss
		total += w
		o.loss.Probabilities(a.logits, probs)
		class := o.config.Decision.Decide(probs, o.ground)
		w = e.Weight(example)
		var below float64 // the predicted probability of the classes so far, less the target's
		for c, share := range e.Targets[example*k : (example+1)*k] {
			s, d := w*float64(share), float64(class-c)
			v.mae += s * math.Abs(d)
			squares += s * d * d
			truth[c] += s
			if c == class {
				v.accuracy += s
			}
			below += float64(probs[c]) - float64(share)
			v.rps += w * below * below
		}
		predicted[class] += w
		own += w
	})
	return validation{loss: v.loss / total, mae: v.mae / own, accuracy: v.accuracy / own, rps: v.rps / own, qwk: kappa.Quadratic(truth, predicted, squares)}
}

// diverged returns the error for a loss or weight that is no longer finite: because of a feature that never was, or
// because steps were too large.
func (o *objective) diverged(epoch int) error {
	if err := o.train.checkFinite(o.train.views()); err != nil {
		return err
	}
	if o.config.Optimizer == LBFGS {
		return &invalid.Error{Field: "Head.WeightDecay", Want: "a loss that stays finite", Hint: "raise it",
			Found: fmt.Sprintf("%g, with which training diverged in iteration %d", o.config.WeightDecay, epoch)}
	}
	return &invalid.Error{Field: "Head.LR", Want: "a loss that stays finite",
		Hint:  fmt.Sprintf("lower it, to %.1g say", o.config.LR/10),
		Found: fmt.Sprintf("training diverged in epoch %d with learning rate %g", epoch, o.config.LR)}
}

// initialiseBias sets the output biases to those of the best constant prediction, the shares of the classes, so that
// no epoch is spent on finding them. One more example of each class, of the mean weight, keeps the share of an absent
// class above zero.
func (o *objective) initialiseBias() {
	k := o.loss.Classes()
	counts := make([]float64, k)
	for i := range o.train.Len() {
		for c, share := range o.train.Targets[i*k : (i+1)*k] {
			counts[c] += float64(o.weights[i]) * float64(share)
		}
	}
	one := o.totalWeight / float64(o.train.Len())
	shares := make([]float32, k)
	for c, n := range counts {
		shares[c] = float32((n + one) / (o.totalWeight + float64(k)*one))
	}
	o.loss.Logits(shares, o.params.outputBias)
}

// exampleWeights returns the weight of each example in the loss, its own times that of its class, and their sum.
func exampleWeights(e Examples, classWeights []float64) (weights []float32, total float64) {
	weights = make([]float32, e.Len())
	for i := range weights {
		w := e.Weight(i)
		if classWeights != nil {
			k := len(classWeights)
			w *= loss.SampleWeight(e.Targets[i*k:(i+1)*k], classWeights)
		}
		weights[i] = float32(w)
		total += float64(weights[i])
	}
	return weights, total
}

// classWeights returns the weight of each class in training on e, nil where all are 1.
func (c Config) classWeights(e Examples) []float64 {
	if !c.Balanced {
		return c.ClassWeights
	}
	counts := make([]float64, c.Loss.Classes)
	for i := range e.Len() {
		for k, share := range e.Targets[i*len(counts) : (i+1)*len(counts)] {
			counts[k] += e.Weight(i) * float64(share)
		}
	}
	return loss.BalancedWeights(counts)
}
