package closedform

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// coordinates are those in which a link is fitted. Neighbouring cumulative probabilities say nearly the same, so that
// the loss is a narrow valley in the weights themselves, which takes five times as many iterations. Weights and bias
// of an output, w, become v = Lᵀw, where LLᵀ is about the loss's second derivative: the second moments of the scores
// and a constant, times p(1 − p) for the share p of a class, plus the penalty.
type coordinates struct {
	link    *link
	factors []blas64.Triangular // of each output; none where outputs share their weights
	row     []float64
}

func newCoordinates(s *sample, k *link, scores []float64, penalty float64) *coordinates {
	c := &coordinates{link: k, row: make([]float64, k.scores+1)}
	if k.shared {
		return c
	}
	n := k.scores + 1
	moments := blas64.Symmetric{Uplo: blas.Lower, N: n, Stride: n, Data: make([]float64, n*n)}
	var total float64
	for i, w := range s.weights {
		copy(c.row, scores[i*k.scores:(i+1)*k.scores])
		c.row[k.scores] = 1
		blas64.Syr(w, blas64.Vector{N: n, Inc: 1, Data: c.row}, moments)
		total += w
	}
	shares := s.shares()
	for o := range k.outputs {
		scale := 1 / total
		if k.outputs == len(shares) {
			scale *= shares[o] * (1 - shares[o])
		}
		f := blas64.Symmetric{Uplo: blas.Lower, N: n, Stride: n, Data: make([]float64, n*n)}
		for i, v := range moments.Data {
			f.Data[i] = scale * v
		}
		for i := range n {
			f.Data[i*n+i] += penalty + leastCurvature
		}
		factor, ok := lapack64.Potrf(f)
		if !ok {
			return &coordinates{link: k, row: c.row}
		}
		c.factors = append(c.factors, factor)
	}
	return c
}

// leastCurvature keeps the factors from being singular.
const leastCurvature = 1e-9

// each calls f with weights and bias of every output, and stores what it makes of them.
func (c *coordinates) each(params []float64, f func(factor blas64.Triangular, row blas64.Vector)) {
	bias := params[c.link.weights():]
	for o, factor := range c.factors {
		weights := c.link.row(params, o)
		c.row[copy(c.row, weights)] = bias[o]
		f(factor, blas64.Vector{N: len(c.row), Inc: 1, Data: c.row})
		bias[o] = c.row[copy(weights, c.row)]
	}
}

// enter turns parameters into coordinates, in place.
func (c *coordinates) enter(params []float64) {
	c.each(params, func(l blas64.Triangular, row blas64.Vector) { blas64.Trmv(blas.Trans, l, row) })
}

// leave turns coordinates into parameters, in place.
func (c *coordinates) leave(params []float64) {
	c.each(params, func(l blas64.Triangular, row blas64.Vector) { blas64.Trsv(blas.Trans, l, row) })
}

// gradient turns a gradient with respect to parameters into that with respect to coordinates, in place.
func (c *coordinates) gradient(params []float64) {
	c.each(params, func(l blas64.Triangular, row blas64.Vector) { blas64.Trsv(blas.NoTrans, l, row) })
}
