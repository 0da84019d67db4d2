package head

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

// An inPlace takes chunks through a linear layer without a copy of their features. Rows are read from the feature matrix and
// centred on the way; the rest of the scaling, a factor for each column, is on the weights: (x − mean)·inverse·w is
// (x − mean)·(inverse·w), and the gradient by w is inverse times that by inverse·w. Folding the mean in as well would save
// its subtraction, but cancel digits where it is far above the deviation.
type inPlace struct {
	params  *parameters
	inverse []float32
	folded  dense.Matrix // the weights times inverse
	rows    dense.Rows   // of the chunk

	grads             *parameters // that end is at
	foldRow, scaleRow func(output, worker int)
}

func newInPlace(params *parameters, s *scaling) *inPlace {
	p := &inPlace{params: params, inverse: s.inverse, rows: dense.Rows{Cols: params.inputs, Stride: params.inputs}}
	p.folded = dense.Wrap(params.outputs, params.inputs, make([]float32, params.outputs*params.inputs))
	for _, m := range s.mean {
		p.rows.Shift = append(p.rows.Shift, -m)
	}
	p.foldRow = func(o, _ int) { kernel.Best().Mul(p.folded.Row(o), params.output.Row(o), p.inverse) }
	p.scaleRow = func(o, _ int) {
		row := p.grads.output.Row(o)
		kernel.Best().Mul(row, row, p.inverse)
	}
	return p
}

// linear reports whether there is one, as there is for a network of one layer.
func (p *inPlace) linear() bool { return p != nil && p.params != nil }

// serves reports whether chunks with that dropout can be taken: what drops inputs needs a copy to drop them from.
func (p *inPlace) serves(d dropout) bool { return p.linear() && d.kept == 0 }

// begin follows a change of the weights.
func (p *inPlace) begin(pool *dense.Pool) { pool.Run(p.folded.Rows, p.foldRow) }

// end turns the gradient that chunks have summed into that by the weights.
func (p *inPlace) end(pool *dense.Pool, grads *parameters) {
	p.grads = grads
	pool.Run(grads.output.Rows, p.scaleRow)
}

func (p *inPlace) forward(pass *pass) {
	p.rows.Data, p.rows.Index = pass.chunk.examples.Features.Data, p.rows.Index[:0]
	for i := range pass.chunk.order {
		p.rows.Index = append(p.rows.Index, pass.chunk.place(i))
	}
	pass.pool.MulRowsBt(pass.z, p.rows, p.folded)
}

func (p *inPlace) backward(pass *pass) {
	grads := pass.chunk.grads
	if pass.chunk.fresh {
		clear(grads.all)
	}
	pass.pool.AddAtRows(grads.output, pass.zGrad, p.rows)
	addRows(grads.outputBias, pass.zGrad)
}
