package head

import "fmt"

// Slope returns the gradient of Σ directionₖ·logitₖ by the features at x: for a linear head the same weights at any
// x, with a hidden layer W₂ᵀ·direction through the units that are active at x. Around x the network is affine, so
// that the gradient explains its logits there exactly. Slope panics unless direction has length Outputs and x Inputs.
func (h *Head) Slope(x []float32, direction []float64) []float32 {
	if len(x) != h.Inputs() || len(direction) != h.Outputs() {
		panic(fmt.Sprintf("head: %d features and a direction of %d for a head of %d and %d", len(x), len(direction),
			h.Inputs(), h.Outputs()))
	}
	layers := h.network.Layers
	back := direction
	if len(layers) == 2 {
		back = combine(layers[1], direction)
		for j := range back {
			if !layers[0].active(j, x) {
				back[j] = 0
			}
		}
	}
	slope := combine(layers[0], back)
	out := make([]float32, len(slope))
	for i, v := range slope {
		out[i] = float32(v)
	}
	return out
}

// combine returns Weightᵀ·coefficients.
func combine(l Layer, coefficients []float64) []float64 {
	sum := make([]float64, l.In)
	for k, c := range coefficients {
		if c == 0 {
			continue
		}
		for i, w := range l.Weight[k*l.In:][:l.In] {
			sum[i] += c * float64(w)
		}
	}
	return sum
}

// active reports whether a unit passes the ReLU.
func (l Layer) active(unit int, x []float32) bool {
	sum := float64(l.Bias[unit])
	for i, w := range l.Weight[unit*l.In:][:l.In] {
		sum += float64(w) * float64(x[i])
	}
	return sum > 0
}
