package head

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
	"finetune/loss"
)

// Sizes of the fixed parts into which examples are cut. A batch passes through the network in chunks, so that
// memory doesn't depend on its size; the rows of a chunk are worked on in blocks.
const (
	chunkRows = 256
	blockRows = 16
)

// A chunk is up to chunkRows examples on their way.
type chunk struct {
	examples Examples
	order    []int       // which examples
	views    []int       // which view of each of all examples; nil: the plain one
	scale    float64     // on gradients
	weights  []float32   // of all examples, on gradients
	grads    *parameters // gradients are added to these; nil: none are taken
	fresh    bool        // grads are overwritten instead
	dropout  dropout     // the zero value drops nothing
}

// place is the row of the feature matrix that the chunk's example number i is at.
func (c *chunk) place(i int) int {
	example, view := c.order[i], 0
	if c.views != nil {
		view = c.views[example]
	}
	return c.examples.place(example, view)
}

// A pass carries chunks through a network, forward and back. Its buffers are made once. Every sum over examples
// is taken in their order, by one worker an element, so the number of workers changes no bit.
type pass struct {
	pool    *dense.Pool
	params  *parameters
	scaling *scaling

	loss       loss.Loss[float32]
	workspaces []*loss.Workspace[float32] // one a worker

	// Values and their gradients, a row an example. A linear head has no hidden values.
	input, hidden, logits  dense.Matrix
	hiddenGrad, logitsGrad dense.Matrix
	losses                 []float64
	noShift                []float32 // zeros, one a hidden unit

	direct *inPlace // in place of input, where it may be
	stream *stream  // in place of all, where it may be

	// The chunk under way and its part of the matrices above.
	chunk         chunk
	in, h, z      dense.Matrix
	hGrad, zGrad  dense.Matrix
	gatherBlock   func(block, worker int)
	activateBlock func(block, worker int)
	lossBlock     func(block, worker int)
	maskBlock     func(block, worker int)
}

func newPass(pool *dense.Pool, params *parameters, s *scaling) *pass {
	matrix := func(cols int) dense.Matrix { return dense.Wrap(chunkRows, cols, make([]float32, chunkRows*cols)) }
	p := &pass{
		pool: pool, params: params, scaling: s,
		input: matrix(params.inputs), hidden: matrix(params.hiddenUnits), logits: matrix(params.outputs),
		hiddenGrad: matrix(params.hiddenUnits), logitsGrad: matrix(params.outputs),
		losses: make([]float64, chunkRows), noShift: make([]float32, params.hiddenUnits),
	}
	if params.hiddenUnits == 0 {
		p.direct = newInPlace(params, s)
		p.stream = newStream(p)
	}
	p.gatherBlock = p.blocks(p.gatherRow)
	p.activateBlock = p.blocks(p.activateRow)
	p.lossBlock = p.blocks(p.lossRow)
	p.maskBlock = p.blocks(p.maskRow)
	return p
}

// use sets the loss of the chunks that follow.
func (p *pass) use(l loss.Loss[float32]) {
	p.loss = l
	p.workspaces = make([]*loss.Workspace[float32], p.pool.Workers())
	for i := range p.workspaces {
		p.workspaces[i] = loss.NewWorkspace(l)
	}
}

// run takes a chunk through the network. Afterwards losses, z and, with hidden layer, h hold its values; where the
// chunk has grads, its gradient is added to them.
func (p *pass) run(c chunk) {
	rows := len(c.order)
	p.chunk = c
	p.in, p.h, p.z = top(p.input, rows), top(p.hidden, rows), top(p.logits, rows)
	p.hGrad, p.zGrad = top(p.hiddenGrad, rows), top(p.logitsGrad, rows)
	blocks := (rows + blockRows - 1) / blockRows

	if p.direct.serves(c.dropout) {
		p.direct.forward(p)
		p.pool.Run(blocks, p.lossBlock)
		if c.grads != nil {
			p.direct.backward(p)
		}
		return
	}
	p.pool.Run(blocks, p.gatherBlock)
	last := p.in
	if p.params.hiddenUnits > 0 {
		p.pool.MulABt(p.h, p.in, p.params.hidden)
		p.pool.Run(blocks, p.activateBlock)
		last = p.h
	}
	p.pool.MulABt(p.z, last, p.params.output)
	p.pool.Run(blocks, p.lossBlock)

	if c.grads == nil {
		return
	}
	p.addLayer(c.grads.output, c.grads.outputBias, p.zGrad, last)
	if p.params.hiddenUnits > 0 {
		p.pool.MulAB(p.hGrad, p.zGrad, p.params.output)
		p.pool.Run(blocks, p.maskBlock)
		p.addLayer(c.grads.hidden, c.grads.hiddenBias, p.hGrad, p.in)
	}
}

// addLayer adds to a layer's gradients what those of its outputs come to, for its inputs.
func (p *pass) addLayer(weights dense.Matrix, bias []float32, outputs, inputs dense.Matrix) {
	product := p.pool.AddAtB
	if p.chunk.fresh {
		product = p.pool.MulAtB
		clear(bias)
	}
	product(weights, outputs, inputs)
	addRows(bias, outputs)
}

// blocks makes work on a row into work on a block of rows.
func (p *pass) blocks(row func(i, worker int)) func(block, worker int) {
	return func(block, worker int) {
		for i := block * blockRows; i < min((block+1)*blockRows, len(p.chunk.order)); i++ {
			row(i, worker)
		}
	}
}

func (p *pass) gatherRow(i, _ int) {
	row := p.in.Row(i)
	features := p.chunk.examples.Features.Row(p.chunk.place(i))
	if p.params.hiddenUnits > 0 || p.chunk.dropout.kept == 0 {
		p.scaling.apply(row, features)
		return
	}
	p.chunk.dropout.apply(row, features, p.direct.rows.Shift, i)
	kernel.Best().Mul(row, row, p.scaling.inverse)
}

func (p *pass) activateRow(i, _ int) {
	row := p.h.Row(i)
	activate(row, p.params.hiddenBias)
	if p.chunk.dropout.kept != 0 {
		p.chunk.dropout.apply(row, row, p.noShift, i)
	}
}

func (p *pass) lossRow(i, worker int) {
	var grad []float32
	if p.chunk.grads != nil {
		grad = p.zGrad.Row(i)
	}
	example, k := p.chunk.order[i], p.loss.Classes()
	p.losses[i] = p.sample(&p.chunk, example, p.chunk.examples.Targets[example*k:(example+1)*k], p.z.Row(i), grad, worker)
}

// sample adds the bias to an example's logits and returns its loss. Where grad isn't nil it gets the gradient by the logits
// of what the example adds to the loss of the batch.
func (p *pass) sample(c *chunk, example int, target, z, grad []float32, worker int) float64 {
	for j, b := range p.params.outputBias {
		z[j] += b
	}
	value := p.loss.Sample(z, target, grad, p.workspaces[worker])
	if grad != nil {
		weight := float32(float64(c.weights[example]) * c.scale)
		for j := range grad {
			grad[j] *= weight
		}
	}
	return float64(value)
}

// maskRow takes the gradient back through dropout and ReLU: a unit above zero is one that was active and kept.
func (p *pass) maskRow(i, _ int) {
	scale := p.chunk.dropout.scale()
	grad := p.hGrad.Row(i)
	for j, v := range p.h.Row(i) {
		if v > 0 {
			grad[j] *= scale
		} else {
			grad[j] = 0
		}
	}
}

func top(m dense.Matrix, rows int) dense.Matrix { return m.Slice(0, 0, rows, m.Cols) }

// addRows adds each row of m to sum.
func addRows(sum []float32, m dense.Matrix) {
	for i := range m.Rows {
		for j, v := range m.Row(i) {
			sum[j] += v
		}
	}
}
