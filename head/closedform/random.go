package closedform

import (
	"context"
	"math"
	"strconv"

	"finetune/internal/linalg/dense"
	"finetune/internal/randstream"
	"finetune/invalid"
)

// MostUnits bounds the width of a random layer.
const MostUnits = 1 << 16

// Random returns a hidden layer of rectified units with random weights, and the problem whose features are the
// layer's outputs on those of p. Weights are normal on features of unit deviation and zero mean, so that a regression
// on many units is one with the arc-cosine kernel of degree 1 (Cho and Saul 2009). Followed by what [Fit] makes of
// the new problem, the layer is an ordinary network with one hidden layer. The outputs take n × units float32.
func Random(ctx context.Context, p Problem, units int, o Options) (Layer, Problem, error) {
	o = o.withDefaults()
	if units < 1 || units > MostUnits {
		return Layer{}, Problem{}, &invalid.Error{Field: "random layer", Found: strconv.Itoa(units),
			Want: "1 to " + strconv.Itoa(MostUnits)}
	}
	if err := p.check(); err != nil {
		return Layer{}, Problem{}, err
	}
	pool := dense.NewPool(o.Threads)
	defer pool.Close()
	r, err := newRows(ctx, pool, &p, 0)
	if err != nil {
		return Layer{}, Problem{}, err
	}
	layer := r.randomLayer(pool, units, o.Seed)
	out := p
	out.Cols, out.Index = units, nil
	out.Data, err = r.rectified(ctx, pool, layer)
	return layer, out, err
}

// randomLayer draws the weights of each unit from a stream of its own. As features are scaled to unit deviation, sums
// have about that deviation too.
func (r *rows) randomLayer(pool *dense.Pool, units int, seed uint64) Layer {
	cols := r.problem.Cols
	layer := Layer{In: cols, Out: units, Weight: make([]float32, units*cols), Bias: make([]float32, units)}
	scale := 1 / math.Sqrt(r.squaredLength)
	pool.Run(units, func(u, _ int) {
		draw := randstream.New(seed, "random features", uint64(u))
		var bias float64
		for j := range cols {
			w := float32(draw.NormFloat64() * scale * r.inverse[j])
			layer.Weight[u*cols+j] = w
			bias -= float64(w) * r.mean[j]
		}
		layer.Bias[u] = float32(bias)
	})
	return layer
}

// rectified returns the outputs of a layer for every example. The means go to the products as a shift, because with
// large ones weights and bias cancel.
func (r *rows) rectified(ctx context.Context, pool *dense.Pool, layer Layer) ([]float32, error) {
	const some = 512
	n, cols := r.problem.examples(), r.problem.Cols
	shift := make([]float32, cols)
	for j, m := range r.mean {
		shift[j] = float32(-m)
	}
	out := make([]float32, n*layer.Out)
	weights := pool.Pack(dense.Wrap(layer.Out, cols, layer.Weight))
	for first := 0; first < n; first += some {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		index := make([]int, min(some, n-first))
		for i := range index {
			index[i] = first + i
			if r.problem.Index != nil {
				index[i] = r.problem.Index[first+i]
			}
		}
		part := out[first*layer.Out : (first+len(index))*layer.Out]
		rows := dense.Rows{Data: r.problem.Data, Cols: cols, Stride: cols, Index: index, Shift: shift}
		pool.MulRowsBt(dense.Wrap(len(index), layer.Out, part), rows, weights)
		for i, v := range part {
			part[i] = max(0, v)
		}
	}
	return out, nil
}
