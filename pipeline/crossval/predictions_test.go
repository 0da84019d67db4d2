package crossval

import (
	"finetune/head"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCalibratedPredictions: applying a temperature to predictions equals predicting with a head that has the
// temperature.
func TestCalibratedPredictions(t *testing.T) {
	const inputs, k, rows = 3, 5, 30
	r := rand.New(rand.NewPCG(4, 4))
	random := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(2 * r.NormFloat64())
		}
		return v
	}
	space, err := label.New([]string{"0", "1", "2", "3", "4"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := &features.Table{Features: head.Features{Rows: rows, Cols: inputs, Data: random(rows * inputs)},
		PerItem: 1, Views: features.ViewConfig{Train: 1, Predict: 1}}
	for _, name := range []string{loss.CrossEntropy, loss.CORAL, loss.CORN} {
		cfg := loss.Config{Name: name, Classes: k}
		l, err := loss.New[float32](cfg)
		if err != nil {
			t.Fatal(err)
		}
		n := head.Network{Layers: []head.Layer{{In: inputs, Out: l.Outputs(), Weight: random(inputs * l.Outputs()),
			Bias: random(l.Outputs())}}}
		make := func(temperature float64) *head.Head {
			h, err := head.New(n, head.Description{Space: space, Loss: cfg, Temperature: temperature,
				Sets: head.Sets{Coverage: 0.9, Threshold: 0.7, Units: 9}})
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		items := slices.Repeat([]dataset.Item{{}}, rows)
		plain, err := Predict(make(1), folder, nil, items, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := plain.Calibrated(make(1.7))
		if again, err := Predict(make(1.7).Untempered(), folder, nil, items, 1); err != nil ||
			!slices.Equal(again.Probabilities, plain.Probabilities) {
			t.Errorf("%s: Untempered differs from a head without a temperature (%v)", name, err)
		}
		want, err := Predict(make(1.7), folder, nil, items, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want.Probabilities {
			if math.Abs(float64(got.Probabilities[i]-want.Probabilities[i])) > 2e-6 {
				t.Fatalf("%s: row %d, class %d: %v, the head predicts %v", name, i/k, i%k, got.Probabilities[i],
					want.Probabilities[i])
			}
		}
	}
}
