package head

import (
	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
)

// An inPlaceLayer is a linear layer without dropout that reads the rows of a chunk where they lie in the feature
// matrix and centres them on the way. The other part of standardising, a factor for each column, is folded into the
// weights: (x − mean)·inverse·w is (x − mean)·(inverse·w), and the gradient by w is inverse times that by inverse·w.
// Folding the mean in as well would save its subtraction, but cancel digits where it is far above the deviation.
type inPlaceLayer struct {
	pool    *dense.Pool
	params  *parameters
	inverse []float32
	folded  *dense.Packed // the weights times inverse
	rows    dense.Rows    // of the chunk under way

	grads                *parameters // that end scales
	foldRow, scaleOutput func(output, worker int)
}

func newInPlaceLayer(pool *dense.Pool, params *parameters, s *standardiser) *inPlaceLayer {
	l := &inPlaceLayer{pool: pool, params: params, inverse: s.inverse}
	l.rows = dense.Rows{Cols: params.inputs, Stride: params.inputs, Shift: s.shift()}
	l.folded = pool.NewPacked(params.outputs, params.inputs)
	l.foldRow = func(o, _ int) { l.fold(o, 0, params.inputs) }
	l.scaleOutput = func(o, _ int) {
		row := l.grads.output.Row(o)
		kernel.Best().Mul(row, row, l.inverse)
	}
	return l
}

// fold writes columns [lo, hi) of output o's folded weights, where lo is a multiple of dense.PackCols.
func (l *inPlaceLayer) fold(o, lo, hi int) {
	l.folded.SetProduct(o, lo, l.params.output.Row(o)[lo:hi], l.inverse[lo:hi])
}

func (l *inPlaceLayer) begin() { l.pool.Run(l.folded.Rows, l.foldRow) }

func (l *inPlaceLayer) forward(chunk batch, products dense.Matrix) {
	l.rows.Data, l.rows.Index = chunk.examples.Features.Data, chunk.appendRows(l.rows.Index[:0], chunk.order)
	l.pool.MulRowsBt(products, l.rows, l.folded)
}

func (l *inPlaceLayer) backward(logitsGrad dense.Matrix, grads *parameters, first bool) {
	if first {
		clear(grads.all)
	}
	l.pool.AddAtRows(grads.output, logitsGrad, l.rows)
	addRows(grads.outputBias, logitsGrad)
}

func (l *inPlaceLayer) end(grads *parameters) {
	l.grads = grads
	l.pool.Run(grads.output.Rows, l.scaleOutput)
}

func (l *inPlaceLayer) hiddenRow(int) []float32 { return nil }
