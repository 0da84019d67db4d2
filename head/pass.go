package head

import (
	"slices"

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

	// gradient writes the gradient of scale·Σ wᵢ·ℓᵢ over the batch to grads, has the batch's update use it, and returns
	// Σ wᵢ·ℓᵢ.
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
	ahead    []int     // which examples the batch after this one begins with, to be fetched meanwhile; may be empty

	// update changes the parameters in [lo, hi) by their gradients, which are complete. The calls are for disjoint parts,
	// from several goroutines. It is nil where the parameters stay as they are.
	update func(lo, hi int)
	// updated says that nothing has changed the parameters but the update of the batch before.
	updated bool
}

// row returns the row of the feature matrix that holds example number i of the batch.
func (b *batch) row(i int) int { return b.rowOf(b.order[i]) }

func (b *batch) rowOf(example int) int {
	view := 0
	if b.views != nil {
		view = b.views[example]
	}
	return b.examples.rowIndex(example, view)
}

// appendRows appends the rows of examples to rows.
func (b *batch) appendRows(rows, examples []int) []int {
	for _, example := range examples {
		rows = append(rows, b.rowOf(example))
	}
	return rows
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

// A criterion computes the losses of examples from the products of the last layer.
type criterion struct {
	loss    loss.Loss[float32]
	bias    []float32 // of the last layer
	workers []criterionWorker
}

// A criterionWorker holds what a criterion needs of the examples under way.
type criterionWorker struct {
	workspace               *loss.Workspace[float32]
	targets, scales, values []float32
}

func (c *criterion) setLoss(l loss.Loss[float32]) {
	c.loss = l
	for i := range c.workers {
		c.workers[i].workspace = loss.NewWorkspace(l)
	}
}

// gather copies what is needed of the examples of a batch, all together, so that cache misses overlap.
func (c *criterion) gather(b batch, worker int) {
	w, k := &c.workers[worker], c.loss.Classes()
	w.targets, w.scales = w.targets[:0], w.scales[:0]
	for _, example := range b.order {
		w.targets = append(w.targets, b.target(example, k)...)
		if b.weights != nil { // as in training
			w.scales = append(w.scales, float32(float64(b.weights[example])*b.scale))
		}
	}
}

// losses adds the bias to the products z of the examples that were gathered, which makes them logits, and returns their
// losses. Where grad has rows they get the gradient by the logits times the example's weight and the batch's scale.
func (c *criterion) losses(z, grad dense.Matrix, worker int) []float32 {
	w := &c.workers[worker]
	for i := range z.Rows {
		row := z.Row(i)
		for j, b := range c.bias {
			row[j] += b
		}
	}
	w.values = slices.Grow(w.values[:0], z.Rows)[:z.Rows]
	loss.Rows(c.loss, z.Data, w.targets, w.scales, w.values, grad.Data, w.workspace)
	return w.values
}
