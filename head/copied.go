package head

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

// copiedLayers copy and standardise the rows of a chunk and multiply the copies. They serve every network; the tests
// compare the other implementations with them.
type copiedLayers struct {
	pool         *dense.Pool
	params       *parameters
	standardiser *standardiser
	shift        []float32 // −mean
	noShift      []float32 // zeros, one a hidden unit

	input, hidden, hiddenGrad dense.Matrix // chunkRows rows

	// The chunk under way and its part of the matrices above.
	chunk                               batch
	in, h, hGrad                        dense.Matrix
	copyBlock, activateBlock, maskBlock func(block, worker int)
}

func newCopiedLayers(pool *dense.Pool, params *parameters, s *standardiser) *copiedLayers {
	l := &copiedLayers{
		pool: pool, params: params, standardiser: s, shift: s.shift(), noShift: make([]float32, params.hiddenUnits),
		input: chunkMatrix(params.inputs), hidden: chunkMatrix(params.hiddenUnits),
		hiddenGrad: chunkMatrix(params.hiddenUnits),
	}
	l.copyBlock, l.activateBlock, l.maskBlock = inBlocks(&l.chunk, l.copyRow), inBlocks(&l.chunk, l.activateRow),
		inBlocks(&l.chunk, l.maskRow)
	return l
}

func (l *copiedLayers) begin()          {}
func (l *copiedLayers) end(*parameters) {}

func (l *copiedLayers) forward(chunk batch, products dense.Matrix) {
	rows := len(chunk.order)
	l.chunk, l.in, l.h, l.hGrad = chunk, top(l.input, rows), top(l.hidden, rows), top(l.hiddenGrad, rows)
	l.pool.Run(blocksOf(rows), l.copyBlock)
	if l.params.hiddenUnits > 0 {
		l.pool.MulABt(l.h, l.in, l.params.hidden)
		l.pool.Run(blocksOf(rows), l.activateBlock)
	}
	l.pool.MulABt(products, l.lastInput(), l.params.output)
}

func (l *copiedLayers) backward(logitsGrad dense.Matrix, grads *parameters, first bool) {
	l.addLayer(grads.output, grads.outputBias, logitsGrad, l.lastInput(), first)
	if l.params.hiddenUnits > 0 {
		l.pool.MulAB(l.hGrad, logitsGrad, l.params.output)
		l.pool.Run(blocksOf(len(l.chunk.order)), l.maskBlock)
		l.addLayer(grads.hidden, grads.hiddenBias, l.hGrad, l.in, first)
	}
}

// lastInput returns what the last layer is applied to.
func (l *copiedLayers) lastInput() dense.Matrix {
	if l.params.hiddenUnits > 0 {
		return l.h
	}
	return l.in
}

func (l *copiedLayers) hiddenRow(i int) []float32 {
	if l.params.hiddenUnits > 0 {
		return l.h.Row(i)
	}
	return nil
}

// addLayer adds the gradient of a layer's weights and bias, for the gradient by its outputs and its inputs.
func (l *copiedLayers) addLayer(weights dense.Matrix, bias []float32, outputGrad, inputs dense.Matrix, first bool) {
	product := l.pool.AddAtB
	if first {
		product = l.pool.MulAtB
		clear(bias)
	}
	product(weights, outputGrad, inputs)
	addRows(bias, outputGrad)
}

func (l *copiedLayers) copyRow(i, _ int) {
	row := l.in.Row(i)
	features := l.chunk.examples.Features.Row(l.chunk.row(i))
	if l.params.hiddenUnits > 0 || l.chunk.dropout.kept == 0 {
		l.standardiser.apply(row, features)
		return
	}
	l.chunk.dropout.apply(row, features, l.shift, i)
	kernel.Best().Mul(row, row, l.standardiser.inverse)
}

func (l *copiedLayers) activateRow(i, _ int) {
	row := l.h.Row(i)
	activate(row, l.params.hiddenBias)
	if l.chunk.dropout.kept != 0 {
		l.chunk.dropout.apply(row, row, l.noShift, i)
	}
}

// maskRow takes the gradient back through dropout and ReLU: a unit above zero is one that was active and kept.
func (l *copiedLayers) maskRow(i, _ int) {
	scale := l.chunk.dropout.scale()
	grad := l.hGrad.Row(i)
	for j, v := range l.h.Row(i) {
		if v > 0 {
			grad[j] *= scale
		} else {
			grad[j] = 0
		}
	}
}
