package head

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

// A streamedPass reads the features of a batch once for a linear layer: it takes a few rows forward, through the loss
// and backward while they are in the cache of one core. The batch is cut into segments, whose number depends on the
// batch alone. Each sums a gradient of its own in the order of its rows, and the gradients are added in the order of
// segments.
//
// A chunkedPass takes all rows of a chunk forward and then all of them backward, when another core may hold a row.
// The fewer outputs there are, the more streaming gains: the gradient of a segment is as large as the weights.
type streamedPass struct {
	*chunkedPass // for prediction
	layer        *inPlaceLayer
	segments     []segment
	workers      []streamWorker

	// The batch under way.
	batch              batch
	grads              *parameters
	block              int // rows that a worker takes together
	segmentRows, count int // of a segment, and how many there are
	addCols            int // columns of the gradient that a worker adds together
	segmentJob, addJob func(block, worker int)
}

// A segment is the part of the gradient that some rows contribute.
type segment struct {
	grads dense.Matrix // by the folded weights
	bias  []float32
	loss  float64
}

// A streamWorker holds the rows under way.
type streamWorker struct {
	rows    dense.Rows
	dropped dense.Rows // copies for dropout, made when they are first needed
	z, grad dense.Matrix
}

const (
	streamOutputs = 16        // the most outputs of a streamed layer
	streamRows    = 32        // that a worker takes together, or half of them where that is more than streamBytes
	streamBytes   = 512 << 10 // of features
	leastAddCols  = 512

	// The gradient of each segment goes from the cache of one core to that of another: with half as many rows in each
	// an epoch takes a tenth longer. Small batches are shared by a few cores all the same.
	minSegmentRows = 64
	fewSegments    = 4
	maxSegments    = 16
)

// segmentCount returns how many segments a batch has.
func segmentCount(batch int) int {
	few := min(fewSegments, (batch+streamRows-1)/streamRows)
	return min(maxSegments, max(few, batch/minSegmentRows))
}

func newStreamedPass(pool *dense.Pool, params *parameters, layer *inPlaceLayer) *streamedPass {
	p := &streamedPass{
		chunkedPass: newChunkedPass(pool, params, layer, layer), layer: layer,
		block: streamRows, workers: make([]streamWorker, pool.Workers()),
	}
	if 4*streamRows*params.inputs > streamBytes {
		p.block /= 2
	}
	matrix := func() dense.Matrix {
		return dense.Wrap(p.block, params.outputs, make([]float32, p.block*params.outputs))
	}
	for i := range p.workers {
		p.workers[i] = streamWorker{rows: layer.rows, z: matrix(), grad: matrix()}
	}
	p.addCols = max(leastAddCols, (params.inputs/dense.MaxOwned/dense.PackCols+1)*dense.PackCols)
	p.segmentJob, p.addJob = p.runSegment, p.addSegments
	return p
}

func (p *streamedPass) gradient(b batch, grads *parameters) (sum float64) {
	if !b.updated { // otherwise addSegments has folded them
		p.layer.begin()
	}
	count := segmentCount(len(b.order))
	p.segmentRows = (len(b.order) + count - 1) / count
	p.count = (len(b.order) + p.segmentRows - 1) / p.segmentRows // one fewer where rounding has left none for the last
	for len(p.segments) < p.count {
		p.segments = append(p.segments, segment{
			grads: dense.Wrap(grads.outputs, grads.inputs, make([]float32, grads.outputs*grads.inputs)),
			bias:  make([]float32, grads.outputs),
		})
	}
	p.batch, p.grads = b, grads
	p.pool.RunOwned(p.count, p.segmentJob)
	p.pool.RunOwned((grads.inputs+p.addCols-1)/p.addCols, p.addJob)
	clear(grads.outputBias)
	for _, s := range p.segments[:p.count] {
		sum += s.loss
		for j, g := range s.bias {
			grads.outputBias[j] += g
		}
	}
	if b.update != nil {
		b.update(grads.weights, len(grads.all))
	}
	return sum
}

// runSegment computes one segment.
func (p *streamedPass) runSegment(number, worker int) {
	s := &p.segments[number]
	clear(s.grads.Data)
	clear(s.bias)
	s.loss = 0
	end := min((number+1)*p.segmentRows, len(p.batch.order))
	for first := number * p.segmentRows; first < end; first += p.block {
		next := first + p.block
		ahead := p.batch.order[min(next, end):min(next+p.block, end)]
		if next >= end {
			ahead = p.after(number)
		}
		p.addRows(s, p.batch.part(first, min(next, end)), ahead, worker)
	}
}

// after returns the examples that begin the next segment of the worker that owns the one of that number. It may be of
// the next batch.
func (p *streamedPass) after(number int) []int {
	next, order := number+p.pool.Workers(), p.batch.order
	if next >= p.count {
		next, order = number%p.pool.Workers(), p.batch.ahead
	}
	first := min(next*p.segmentRows, len(order))
	return order[first:min(first+p.block, len(order))]
}

// addRows adds a few rows to a segment. Those of the examples in ahead come next.
func (p *streamedPass) addRows(s *segment, b batch, ahead []int, worker int) {
	w := &p.workers[worker]
	w.rows.Data, w.rows.Index, w.rows.Ahead = b.examples.Features.Data, b.appendRows(w.rows.Index[:0], b.order), b.appendRows(w.rows.Ahead[:0], ahead)
	p.gather(b, worker)
	rows := w.rows
	if b.dropout.kept != 0 {
		rows = w.drop(b.dropout, p.block)
	}
	z, grad := top(w.z, len(b.order)), top(w.grad, len(b.order))
	products := p.pool.RowProducts(worker)
	products.MulBt(z, rows, p.layer.folded)
	for i, value := range p.losses(z, grad, worker) {
		s.loss += float64(b.weights[b.order[i]]) * float64(value)
	}
	products.AddAt(s.grads, grad, rows)
	addRows(s.bias, grad)
}

// drop returns copies of the worker's rows, centred and with inputs dropped. There are never more than limit.
func (w *streamWorker) drop(d dropout, limit int) dense.Rows {
	cols := w.rows.Cols
	if w.dropped.Data == nil {
		w.dropped = dense.Rows{Data: make([]float32, limit*cols), Cols: cols, Stride: cols, Index: inOrder(limit),
			Shift: make([]float32, cols)}
	}
	for i, row := range w.rows.Index {
		d.apply(w.dropped.Data[i*cols:(i+1)*cols], w.rows.Data[row*cols:(row+1)*cols], w.rows.Shift, i)
	}
	rows := w.dropped
	rows.Index = rows.Index[:len(w.rows.Index)]
	return rows
}

// addSegments writes a block of columns of the gradient by the weights: the sum over segments times what is folded
// in. Then it updates and folds the weights.
func (p *streamedPass) addSegments(block, _ int) {
	lo := block * p.addCols
	hi := min(lo+p.addCols, p.grads.inputs)
	vector := &kernel.Best().Vector
	for o := range p.grads.outputs {
		sum := p.grads.output.Row(o)[lo:hi]
		copy(sum, p.segments[0].grads.Row(o)[lo:hi])
		for _, s := range p.segments[1:p.count] {
			vector.Add(sum, s.grads.Row(o)[lo:hi])
		}
		vector.Mul(sum, sum, p.layer.inverse[lo:hi])
		if p.batch.update != nil {
			p.batch.update(o*p.grads.inputs+lo, o*p.grads.inputs+hi)
			p.layer.fold(o, lo, hi)
		}
	}
}
