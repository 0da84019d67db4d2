package head

import (
	"fmt"
	"math"
)

// A Layer is an affine map from In to Out values: y = Weight·x + Bias.
type Layer struct {
	In, Out int
	Weight  []float32 // Out × In
	Bias    []float32 // Out
}

// A Network is one layer, or two with a ReLU between them. It maps raw features to logits.
type Network struct {
	Layers []Layer
}

// Inputs returns the number of features.
func (n Network) Inputs() int { return n.Layers[0].In }

// Outputs returns the number of logits.
func (n Network) Outputs() int { return n.Layers[len(n.Layers)-1].Out }

// Hidden returns the width of the hidden layer, 0 without one.
func (n Network) Hidden() int {
	if len(n.Layers) == 1 {
		return 0
	}
	return n.Layers[0].Out
}

// check reports sizes that don't fit and weights that aren't finite.
func (n Network) check() error {
	if len(n.Layers) != 1 && len(n.Layers) != 2 {
		return fmt.Errorf("%d layers, not 1 or 2", len(n.Layers))
	}
	for i, l := range n.Layers {
		if l.In < 1 || l.Out < 1 || len(l.Weight) != l.In*l.Out || len(l.Bias) != l.Out {
			return fmt.Errorf("layer %d: %d weights and %d biases for %d × %d", i+1, len(l.Weight), len(l.Bias), l.Out, l.In)
		}
		if i > 0 && l.In != n.Layers[i-1].Out {
			return fmt.Errorf("layer %d has %d inputs, the layer before it %d outputs", i+1, l.In, n.Layers[i-1].Out)
		}
		if !finite(l.Weight) || !finite(l.Bias) {
			return fmt.Errorf("layer %d has weights that aren't finite", i+1)
		}
	}
	return nil
}

// finite reports whether no value is NaN or infinite.
func finite(values []float32) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// clone returns a copy that shares no memory.
func (n Network) clone() Network {
	out := Network{Layers: make([]Layer, len(n.Layers))}
	for i, l := range n.Layers {
		out.Layers[i] = Layer{In: l.In, Out: l.Out, Weight: append([]float32(nil), l.Weight...),
			Bias: append([]float32(nil), l.Bias...)}
	}
	return out
}

// activate adds the bias to a row of hidden values and applies the ReLU, in place.
func activate(row, bias []float32) {
	for j, b := range bias {
		row[j] = max(0, row[j]+b)
	}
}

// isFinite reports whether v is neither NaN nor infinite.
func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
