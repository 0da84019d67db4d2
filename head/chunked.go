package head

import (
	"finetune/internal/linalg/dense"
)

const (
	chunkRows = 256 // memory depends on them and not on the size of a batch
	blockRows = 16  // of a chunk, for one worker at a time
)

// layers are the matrix products of a network with a chunk of examples.
type layers interface {
	// begin is called before the first chunk, after the parameters may have changed.
	begin()

	// forward writes the products of the last layer, without its bias, a row an example.
	forward(chunk batch, products dense.Matrix)

	// backward adds to grads what the gradient by the logits of the same chunk contributes. The first chunk
	// overwrites them.
	backward(logitsGrad dense.Matrix, grads *parameters, first bool)

	// end is called after the last call of backward.
	end(grads *parameters)

	// hiddenRow returns the hidden values of row i of the chunk, nil without hidden layer.
	hiddenRow(i int) []float32
}

// A chunkedPass takes a batch through the network in chunks: all rows of a chunk forward, then all of them backward.
type chunkedPass struct {
	criterion
	pool                  *dense.Pool
	training, prediction  layers
	products, productGrad dense.Matrix // chunkRows × outputs
	values                []float64    // losses of the chunk

	chunk     batch        // the chunk under way
	z, zGrad  dense.Matrix // its part of the matrices above; zGrad has no rows in prediction
	lossBlock func(block, worker int)
}

func newChunkedPass(pool *dense.Pool, params *parameters, training, prediction layers) *chunkedPass {
	p := &chunkedPass{
		criterion: criterion{bias: params.outputBias, workers: make([]criterionWorker, pool.Workers())},
		pool:      pool, training: training, prediction: prediction,
		products: chunkMatrix(params.outputs), productGrad: chunkMatrix(params.outputs), values: make([]float64, chunkRows),
	}
	p.lossBlock = p.lossRows
	return p
}

func (p *chunkedPass) forward(e Examples, visit func(example int, a activations)) {
	p.prediction.begin()
	all := batch{examples: e, order: inOrder(e.Len())}
	for first := 0; first < len(all.order); first += chunkRows {
		p.run(p.prediction, all.part(first, min(first+chunkRows, len(all.order))), false)
		for i, example := range p.chunk.order {
			visit(example, activations{hidden: p.prediction.hiddenRow(i), logits: p.z.Row(i), loss: p.values[i]})
		}
	}
}

func (p *chunkedPass) gradient(b batch, grads *parameters) (sum float64) {
	p.training.begin()
	for first := 0; first < len(b.order); first += chunkRows {
		p.run(p.training, b.part(first, min(first+chunkRows, len(b.order))), true)
		p.training.backward(p.zGrad, grads, first == 0)
		for i, example := range p.chunk.order {
			sum += float64(b.weights[example]) * p.values[i]
		}
	}
	p.training.end(grads)
	if b.update != nil {
		updateAll(p.pool, len(grads.all), b.update)
	}
	return sum
}

// run computes the losses of a chunk and, where grad is set, their gradient by the logits.
func (p *chunkedPass) run(l layers, chunk batch, grad bool) {
	rows := len(chunk.order)
	p.chunk, p.z, p.zGrad = chunk, top(p.products, rows), dense.Matrix{}
	if grad {
		p.zGrad = top(p.productGrad, rows)
	}
	l.forward(chunk, p.z)
	p.pool.Run(blocksOf(rows), p.lossBlock)
}

func (p *chunkedPass) lossRows(block, worker int) {
	lo, hi := block*blockRows, min((block+1)*blockRows, len(p.chunk.order))
	z, grad := p.z.Slice(lo, 0, hi-lo, p.z.Cols), dense.Matrix{}
	if p.zGrad.Rows > 0 {
		grad = p.zGrad.Slice(lo, 0, hi-lo, p.z.Cols)
	}
	if offset := p.chunk.examples.offset; offset != nil {
		for i, example := range p.chunk.order[lo:hi] {
			row := z.Row(i)
			for j, v := range offset[example*len(row) : (example+1)*len(row)] {
				row[j] += v
			}
		}
	}
	p.gather(p.chunk.part(lo, hi), worker)
	for i, v := range p.losses(z, grad, worker) {
		p.values[lo+i] = float64(v)
	}
}

// inOrder returns 0, 1, … n−1.
func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// inBlocks returns the job that calls row for each row of a block of the chunk under way.
func inBlocks(chunk *batch, row func(i, worker int)) func(block, worker int) {
	return func(block, worker int) {
		for i := block * blockRows; i < min((block+1)*blockRows, len(chunk.order)); i++ {
			row(i, worker)
		}
	}
}

func blocksOf(rows int) int { return (rows + blockRows - 1) / blockRows }

func chunkMatrix(cols int) dense.Matrix {
	return dense.Wrap(chunkRows, cols, make([]float32, chunkRows*cols))
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
