package head

import (
	"math"

	"finetune/internal/linalg/dense"
	"finetune/internal/randstream"
)

// parameters are the weights and biases of a network in one vector for the optimiser: first the weights of all
// layers, which decay, then the biases, which don't.
type parameters struct {
	all     []float32
	weights int // how many of all are weights

	hidden, output               dense.Matrix // H × D (no rows without hidden layer), O × (H or D)
	hiddenBias, outputBias       []float32
	inputs, hiddenUnits, outputs int // D, H and O
}

func newParameters(inputs, hidden, outputs int) *parameters {
	last := inputs
	if hidden > 0 {
		last = hidden
	}
	p := &parameters{inputs: inputs, hiddenUnits: hidden, outputs: outputs, weights: hidden*inputs + outputs*last}
	p.all = make([]float32, p.weights+hidden+outputs)
	rest := p.all
	take := func(n int) []float32 {
		part := rest[:n:n]
		rest = rest[n:]
		return part
	}
	p.hidden = dense.Wrap(hidden, inputs, take(hidden*inputs))
	p.output = dense.Wrap(outputs, last, take(outputs*last))
	p.hiddenBias, p.outputBias = take(hidden), take(outputs)
	return p
}

// initialise draws the weights of a network with a hidden layer: He's uniform distribution before the ReLU (arXiv
// 1502.01852) for rows of the length that standardised ones have, ±1/√H after it. A linear head starts at zero: its
// losses are convex or nearly so and need no symmetry broken. Outputs that share their weights start with the same.
func (p *parameters) initialise(seed uint64, shared bool) {
	if p.hiddenUnits == 0 {
		return
	}
	r := randstream.New(seed, "head weights")
	fill := func(w []float32, bound float64) {
		for i := range w {
			w[i] = float32(bound * (2*r.Float64() - 1))
		}
	}
	fill(p.hidden.Data, math.Sqrt(6/float64(min(p.inputs, maxSquaredLength))))
	fill(p.output.Data, 1/math.Sqrt(float64(p.hiddenUnits)))
	if shared {
		for o := 1; o < p.outputs; o++ {
			copy(p.output.Row(o), p.output.Row(0))
		}
	}
}

// network returns a copy as a network on raw features, with the standardiser folded in.
func (p *parameters) network(s *standardiser) Network {
	layer := func(m dense.Matrix, bias []float32) Layer {
		return Layer{In: m.Cols, Out: m.Rows, Weight: m.Data, Bias: bias}
	}
	output := layer(p.output, p.outputBias)
	if p.hiddenUnits == 0 {
		return Network{Layers: []Layer{s.fold(output)}}
	}
	return Network{Layers: []Layer{s.fold(layer(p.hidden, p.hiddenBias)), output}}.clone()
}
