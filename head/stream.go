package head

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

// A stream takes a batch through a linear layer in one reading of its features: forward, loss and gradient of a few rows
// while they are in the cache of one core. The batch is cut into segments, whose number depends on the batch alone; each
// sums a gradient of its own, in the order of its rows, and the gradients are added in the order of segments. So the
// number of workers changes no bit.
//
// It computes what inPlace does with all rows forward and then all rows backward, where another core may hold a row by
// then, and is the faster the fewer outputs there are: each gradient is as large as the weights.
type stream struct {
	pass     *pass
	segments []segment
	workers  []streamWorker

	chunk       chunk // the batch under way
	block       int   // rows worked on together
	rows, count int   // of a segment, and how many there are
	run         func(segment, worker int)
	addBlock    func(block, worker int)
}

// A segment is what its rows come to.
type segment struct {
	grads dense.Matrix // by the folded weights
	bias  []float32
	loss  float64
}

// A streamWorker holds the rows under way.
type streamWorker struct {
	rows    dense.Rows
	dropped dense.Rows // all that the worker has room for, where inputs are dropped
	targets []float32
	z, grad dense.Matrix
}

const (
	streamOutputs = 16 // the most outputs
	streamRows    = 32 // worked on together, but half as many where their features are more than streamBytes
	streamBytes   = 512 << 10
	addCols       = 512

	// The gradient of each segment goes from the cache of one core to that of another: with half as many rows in each
	// an epoch takes a tenth longer. Small batches are shared by a few cores all the same.
	segmentRows  = 64
	fewSegments  = 4
	mostSegments = 16
)

// segmentCount is how many segments a batch has.
func segmentCount(batch int) int {
	few := min(fewSegments, (batch+streamRows-1)/streamRows)
	return min(mostSegments, max(few, batch/segmentRows))
}

func newStream(p *pass) *stream {
	outputs := p.params.outputs
	s := &stream{pass: p, workers: make([]streamWorker, p.pool.Workers())}
	s.block = streamRows
	if 4*streamRows*p.params.inputs > streamBytes {
		s.block /= 2
	}
	matrix := func() dense.Matrix { return dense.Wrap(s.block, outputs, make([]float32, s.block*outputs)) }
	for i := range s.workers {
		s.workers[i] = streamWorker{rows: p.direct.rows, z: matrix(), grad: matrix()}
	}
	s.run, s.addBlock = s.runSegment, s.add
	return s
}

// serves reports whether there is a stream, for a linear layer of few enough outputs.
func (s *stream) serves() bool { return s != nil && s.pass.params.outputs <= streamOutputs }

// gradient writes the gradient of a batch to the chunk's grads and returns its weighted sum of losses. inPlace.begin comes
// before it.
func (s *stream) gradient(c chunk) (sum float64) {
	count := segmentCount(len(c.order))
	s.rows = (len(c.order) + count - 1) / count
	s.count = (len(c.order) + s.rows - 1) / s.rows // one fewer where rounding has left none for the last
	for len(s.segments) < s.count {
		p := s.pass.params
		s.segments = append(s.segments, segment{
			grads: dense.Wrap(p.outputs, p.inputs, make([]float32, p.outputs*p.inputs)), bias: make([]float32, p.outputs),
		})
	}
	s.chunk = c
	s.pass.pool.Run(s.count, s.run)
	s.pass.pool.Run((s.pass.params.inputs+addCols-1)/addCols, s.addBlock)
	clear(c.grads.outputBias)
	for _, part := range s.segments[:s.count] {
		sum += part.loss
		for j, g := range part.bias {
			c.grads.outputBias[j] += g
		}
	}
	return sum
}

// runSegment takes the rows of a segment forward and back.
func (s *stream) runSegment(number, worker int) {
	part := &s.segments[number]
	clear(part.grads.Data)
	clear(part.bias)
	part.loss = 0
	end := min((number+1)*s.rows, len(s.chunk.order))
	for first := number * s.rows; first < end; first += s.block {
		s.runRows(part, first, min(s.block, end-first), worker)
	}
}

// runRows adds a few rows to a segment.
func (s *stream) runRows(part *segment, first, count, worker int) {
	w, p := &s.workers[worker], s.pass
	c := s.chunk
	order := c.order[first : first+count]
	c.order = order
	w.rows.Data, w.rows.Index = c.examples.Features.Data, w.rows.Index[:0]
	k := p.loss.Classes()
	w.targets = w.targets[:0]
	for i, example := range order {
		w.rows.Index = append(w.rows.Index, c.place(i))
		// Targets lie anywhere, too. Fetched all at once, they are waited for once.
		w.targets = append(w.targets, c.examples.Targets[example*k:(example+1)*k]...)
	}
	rows := w.rows
	if c.dropout.kept != 0 {
		rows = s.drop(first, w)
	}
	z, grad := top(w.z, count), top(w.grad, count)
	products := p.pool.RowProducts(worker)
	products.MulBt(z, rows, p.direct.folded)
	for i, example := range order {
		part.loss += float64(c.weights[example]) * p.sample(&c, example, w.targets[i*k:(i+1)*k], z.Row(i), grad.Row(i), worker)
	}
	products.AddAt(part.grads, grad, rows)
	addRows(part.bias, grad)
}

// drop returns a copy of the worker's rows, centred and with their inputs dropped. The first of them is at that place in the batch.
func (s *stream) drop(first int, w *streamWorker) dense.Rows {
	cols := w.rows.Cols
	if w.dropped.Data == nil {
		w.dropped = dense.Rows{Data: make([]float32, s.block*cols), Cols: cols, Stride: cols, Shift: make([]float32, cols)}
		for i := range s.block {
			w.dropped.Index = append(w.dropped.Index, i)
		}
	}
	rows := w.dropped
	rows.Index = rows.Index[:len(w.rows.Index)]
	for i, place := range w.rows.Index {
		s.chunk.dropout.apply(rows.Data[i*cols:(i+1)*cols], w.rows.Data[place*cols:(place+1)*cols], w.rows.Shift, first+i)
	}
	return rows
}

// add writes a block of columns of the gradient by the weights: the sum of the segments' times what is folded in.
func (s *stream) add(block, _ int) {
	lo := block * addCols
	hi := min(lo+addCols, s.pass.params.inputs)
	vector := &kernel.Best().Vector
	for o := range s.pass.params.outputs {
		sum := s.chunk.grads.output.Row(o)[lo:hi]
		copy(sum, s.segments[0].grads.Row(o)[lo:hi])
		for _, part := range s.segments[1:s.count] {
			vector.Add(sum, part.grads.Row(o)[lo:hi])
		}
		vector.Mul(sum, sum, s.pass.direct.inverse[lo:hi])
	}
}
