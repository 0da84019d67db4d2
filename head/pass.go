package head

import (
	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// A pass takes examples forward through a network and its loss, and backward to the gradient. Every sum over examples
// is taken in a fixed order, so that the number of workers changes no bit.
type pass interface {
	// setLoss sets the loss of the calls that follow. It has as many outputs as the network.
	setLoss(l loss.Loss[float32])

	// forward calls visit with the activations of each example in order, of its plain view and without dropout.
	forward(e Examples, visit func(example int, a activations))

	// gradient writes the gradient of scale·Σ wᵢ·ℓᵢ over the batch to grads and returns Σ wᵢ·ℓᵢ.
	gradient(b batch, grads *parameters) float64
}

// newPass returns the fastest pass for a network. What drops the inputs of a linear layer needs a copy of them,
// unless it works on a few rows at a time.
func newPass(pool *dense.Pool, params *parameters, s *standardiser, dropout float64) pass {
	if params.hiddenUnits > 0 {
		copied := newCopiedLayers(pool, params, s)
		return newChunkedPass(pool, params, copied, copied)
	}
	inPlace := newInPlaceLayer(pool, params, s)
	switch {
	case params.outputs <= streamOutputs:
		return newStreamedPass(pool, params, inPlace)
	case dropout > 0:
		return newChunkedPass(pool, params, newCopiedLayers(pool, params, s), inPlace)
	}
	return newChunkedPass(pool, params, inPlace, inPlace)
}

// A batch is the examples of one step.
type batch struct {
	examples Examples
	order    []int     // which examples
	views    []int     // which view of each of all examples; nil: the plain one
	weights  []float32 // of all examples
	scale    float64   // of the gradient
	dropout  dropout   // the zero value drops nothing
}

// row returns the row of the feature matrix that holds example number i of the batch.
func (b *batch) row(i int) int {
	example, view := b.order[i], 0
	if b.views != nil {
		view = b.views[example]
	}
	return b.examples.rowIndex(example, view)
}

// target returns the target of an example, a distribution over k classes.
func (b *batch) target(example, k int) []float32 {
	return b.examples.Targets[example*k : (example+1)*k]
}

// part returns examples [lo, hi) of the batch.
func (b batch) part(lo, hi int) batch {
	b.order = b.order[lo:hi]
	b.dropout.first += uint64(lo)
	return b
}

// activations are what a network computes of one example. They are valid until visit returns.
type activations struct {
	hidden []float32 // after the ReLU; nil without hidden layer
	logits []float32
	loss   float64
}

// A criterion computes the loss of single examples from the products of the last layer.
type criterion struct {
	loss       loss.Loss[float32]
	bias       []float32                  // of the last layer
	workspaces []*loss.Workspace[float32] // one a worker
}

func (c *criterion) setLoss(l loss.Loss[float32]) {
	c.loss = l
	for i := range c.workspaces {
		c.workspaces[i] = loss.NewWorkspace(l)
	}
}

// sample adds the bias to the products z, which makes them logits, and returns their loss. Where grad isn't nil it
// gets scale times the gradient by the logits.
func (c *criterion) sample(target, z, grad []float32, scale float64, worker int) float64 {
	for j, b := range c.bias {
		z[j] += b
	}
	value := c.loss.Sample(z, target, grad, c.workspaces[worker])
	factor := float32(scale)
	for j := range grad {
		grad[j] *= factor
	}
	return float64(value)
}
