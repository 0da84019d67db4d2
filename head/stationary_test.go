package head

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"finetune/loss"
)

// TestStationary trains with L-BFGS and compares with the optimum of the same objective, which make_stationary.py
// computes with its own definitions and gradients in float64.
func TestStationary(t *testing.T) {
	raw, err := os.ReadFile("testdata/stationary.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Classes, Columns  int
		Decay             float64
		Features, Weights []float32
		Targets           map[string][]float32
		Optima            []struct {
			Loss         loss.Config
			Targets      string
			Value        float64
			Weight, Bias []float32
		}
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, o := range golden.Optima {
		seen[o.Loss.Name] = true
		name, err := json.Marshal(o.Loss)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(string(name)+"/"+o.Targets, func(t *testing.T) {
			e := Examples{
				Features: Features{Rows: len(golden.Weights), Cols: golden.Columns, Data: golden.Features},
				Targets:  golden.Targets[o.Targets], Weights: golden.Weights,
			}
			r := train(t, e, Examples{}, Config{Loss: o.Loss, Raw: true, Optimizer: LBFGS, WeightDecay: golden.Decay,
				Epochs: 2000})
			last := r.History[len(r.History)-1]
			l := r.Network.Layers[0]
			value := last.TrainLoss
			var penalty float64
			for i, w := range l.Weight {
				if o.Loss.Name != loss.CORAL || i < l.In { // whose rows are one vector
					penalty += golden.Decay / 2 * float64(w) * float64(w)
				}
			}
			if value += penalty; math.Abs(value-o.Value) > 1e-6*math.Abs(o.Value) {
				t.Errorf("the objective is %.9g, at its optimum %.9g", value, o.Value)
			}
			if d := far(l.Weight, o.Weight); d > 1e-3 {
				t.Errorf("weights are off by %g", d)
			}
			if d := far(centred(l.Bias), centred(o.Bias)); d > 1e-3 {
				t.Errorf("biases are off by %g", d)
			}
			if last.Gradient > 1e-4 {
				t.Errorf("the gradient ends at %g of the start's", last.Gradient)
			}
		})
	}
	for _, name := range loss.Names() {
		if !seen[name] {
			t.Errorf("no optimum for %s", name)
		}
	}
}

// centred subtracts the mean of softmax biases, which the loss doesn't depend on. For other losses it only loses a
// mean that is compared nowhere else.
func centred(b []float32) []float32 {
	if len(b) == 1 {
		return b
	}
	var mean float32
	for _, v := range b {
		mean += v / float32(len(b))
	}
	out := make([]float32, len(b))
	for i, v := range b {
		out[i] = v - mean
	}
	return out
}
