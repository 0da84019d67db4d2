package head

import (
	"fmt"
	"math"

	"finetune/internal/linalg/dense"
	"finetune/invalid"
	"finetune/loss"
)

// A trainer holds what a training run works on.
type trainer struct {
	config  Config
	pool    *dense.Pool
	scaling *scaling
	params  *parameters
	grads   *parameters
	pass    *pass

	train       Examples
	weights     []float32 // of the training examples: their own times their class's
	totalWeight float64
	order       []int
	views       []int // which view of each training example the epoch takes; nil: there is but one

	ground loss.GroundDistance // of the decision; it moves where it is measured
}

func newTrainer(c Config, pool *dense.Pool, s *scaling, l loss.Loss[float32], train Examples) *trainer {
	t := &trainer{config: c, pool: pool, scaling: s, train: train, order: make([]int, train.Len()), ground: c.Loss.Ground}
	if train.views() > 1 {
		t.views = make([]int, train.Len())
	}
	t.params = newParameters(train.Features.Cols, c.Hidden, l.Outputs())
	t.grads = newParameters(train.Features.Cols, c.Hidden, l.Outputs())
	t.params.initialise(c.Seed, l.SharedWeights())
	t.pass = newPass(pool, t.params, s)
	t.pass.use(l)
	return t
}

// gradient writes the gradient of the batch's loss to t.grads and returns the batch's weighted sum of losses. The
// loss of a batch is that sum over its number of examples and the mean weight of all examples: an unbiased estimate
// of the weighted mean over all, which it is for the full batch.
func (t *trainer) gradient(batch []int, drop *dropout) float64 {
	var sum float64
	if t.pass.direct.linear() {
		t.pass.direct.begin(t.pool)
	}
	scale := float64(len(t.weights)) / (float64(len(batch)) * t.totalWeight)
	whole := chunk{examples: t.train, order: batch, views: t.views, weights: t.weights, scale: scale, grads: t.grads, dropout: *drop}
	if t.pass.stream.serves() {
		sum = t.pass.stream.gradient(whole)
	} else {
		for first := 0; first < len(batch); first += chunkRows {
			c := whole
			c.order = batch[first:min(first+chunkRows, len(batch))]
			c.fresh, c.dropout.first = first == 0, drop.first+uint64(first)
			t.pass.run(c)
			for i, example := range c.order {
				sum += float64(t.weights[example]) * t.pass.losses[i]
			}
		}
		if t.pass.direct.serves(*drop) {
			t.pass.direct.end(t.pool, t.grads)
		}
	}
	drop.first += uint64(len(batch))
	if t.pass.loss.SharedWeights() {
		tie(t.grads.output)
	}
	return sum
}

// tie gives all rows their sum, which is the gradient of the one weight vector that they are copies of.
func tie(m dense.Matrix) {
	sum := m.Row(0)
	for o := 1; o < m.Rows; o++ {
		for j, g := range m.Row(o) {
			sum[j] += g
		}
	}
	for o := 1; o < m.Rows; o++ {
		copy(m.Row(o), sum)
	}
}

// visit takes examples through the network as it predicts, without dropout, and calls f for each in their order. i is
// the example's row in the pass.
func (t *trainer) visit(e Examples, f func(example, i int)) {
	if t.pass.direct.serves(dropout{}) {
		t.pass.direct.begin(t.pool)
	}
	order := make([]int, 0, chunkRows)
	for first := 0; first < e.Len(); first += chunkRows {
		order = order[:0]
		for i := first; i < min(first+chunkRows, e.Len()); i++ {
			order = append(order, i)
		}
		t.pass.run(chunk{examples: e, order: order})
		for i, example := range order {
			f(example, i)
		}
	}
}

// evaluate returns the weighted mean loss over e and the mean absolute error of the decision in classes, which
// counts examples by their own weights alone; for a soft target the error is its mean over the target.
func (t *trainer) evaluate(e Examples, weights []float32) (meanLoss, mae float64) {
	l := t.pass.loss
	k := l.Classes()
	probs := make([]float32, k)
	var total, own float64
	t.visit(e, func(example, i int) {
		w := float64(weights[example])
		meanLoss += w * t.pass.losses[i]
		total += w
		l.Probabilities(t.pass.z.Row(i), probs)
		class := t.config.Decision.Decide(probs, t.ground)
		w = e.Weight(example)
		for c, share := range e.Targets[example*k : (example+1)*k] {
			mae += w * float64(share) * math.Abs(float64(class-c))
		}
		own += w
	})
	return meanLoss / total, mae / own
}

// diverged is the error of a loss or weight that is no longer a number.
func (t *trainer) diverged(epoch int) error {
	if t.config.Optimizer == LBFGS {
		return &invalid.Error{Field: "--weight-decay", Found: fmt.Sprintf("%g, with which training diverged in iteration %d", t.config.WeightDecay, epoch),
			Want: "a loss that stays finite", Hint: "raise it"}
	}
	return &invalid.Error{Field: "--lr", Found: fmt.Sprintf("training diverged in epoch %d with learning rate %g", epoch, t.config.LR),
		Want: "a loss that stays finite", Hint: fmt.Sprintf("lower it, to %.1g say", t.config.LR/10)}
}

// start sets the output biases to what the best constant prediction needs, the shares of the classes, so that no epoch is
// spent on finding them. One more example of each class, as heavy as the mean one, keeps a class that has none in reach.
func (t *trainer) start(l loss.Loss[float32]) {
	k := l.Classes()
	counts := make([]float64, k)
	for i := range t.train.Len() {
		for c, share := range t.train.Targets[i*k : (i+1)*k] {
			counts[c] += float64(t.weights[i]) * float64(share)
		}
	}
	one := t.totalWeight / float64(t.train.Len())
	shares := make([]float32, k)
	for c, n := range counts {
		shares[c] = float32((n + one) / (t.totalWeight + float64(k)*one))
	}
	l.Logits(shares, t.params.outputBias)
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

// balanced returns the class weights that give every class of e the same say.
func balanced(e Examples, classes int) []float64 {
	counts := make([]float64, classes)
	for i := range e.Len() {
		for k, share := range e.Targets[i*classes : (i+1)*classes] {
			counts[k] += e.Weight(i) * float64(share)
		}
	}
	return loss.BalancedWeights(counts)
}
