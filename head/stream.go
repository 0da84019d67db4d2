package head

import (
	"finetune/internal/dense"
	"finetune/internal/kernel"
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
	targets []float32
	z, grad dense.Matrix
}

const (
	streamOutputs = 16 // the most outputs
	streamRows    = 32 // worked on together; their features fit the second-level cache, up to 4,096 columns
	mostSegments  = 16
	addCols       = 512
)

func newStream(p *pass) *stream {
	outputs := p.params.outputs
	s := &stream{pass: p, workers: make([]streamWorker, p.pool.Workers())}
	matrix := func() dense.Matrix { return dense.Wrap(streamRows, outputs, make([]float32, streamRows*outputs)) }
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
	blocks := (len(c.order) + streamRows - 1) / streamRows
	s.rows = (blocks + mostSegments - 1) / mostSegments * streamRows
	s.count = (len(c.order) + s.rows - 1) / s.rows
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
	for first := number * s.rows; first < end; first += streamRows {
		s.runRows(part, s.chunk.order[first:min(first+streamRows, end)], worker)
	}
}

// runRows adds a few rows to a segment.
func (s *stream) runRows(part *segment, order []int, worker int) {
	w, p := &s.workers[worker], s.pass
	c := s.chunk
	c.order = order
	w.rows.Data, w.rows.Index = c.examples.Features.Data, w.rows.Index[:0]
	k := p.loss.Classes()
	w.targets = w.targets[:0]
	for i, example := range order {
		w.rows.Index = append(w.rows.Index, c.place(i))
		// Targets lie anywhere, too. Fetched all at once, they are waited for once.
		w.targets = append(w.targets, c.examples.Targets[example*k:(example+1)*k]...)
	}
	z, grad := top(w.z, len(order)), top(w.grad, len(order))
	products := p.pool.RowProducts(worker)
	products.MulBt(z, w.rows, p.direct.folded)
	for i, example := range order {
		part.loss += float64(c.weights[example]) * p.sample(&c, example, w.targets[i*k:(i+1)*k], z.Row(i), grad.Row(i), worker)
	}
	products.AddAt(part.grads, grad, w.rows)
	addRows(part.bias, grad)
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
