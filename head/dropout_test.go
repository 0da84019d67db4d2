package head

import (
	"math"
	"slices"
	"testing"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

func TestDropout(t *testing.T) {
	const n = 100000
	for _, probability := range []float64{0.1, 0.5, 0.9} {
		row := make([]float32, n)
		for i := range row {
			row[i] = 1
		}
		d := newDropout(probability, 1, 1)
		d.apply(row, row, make([]float32, n), 3)
		var dropped, sum float64
		for _, v := range row {
			sum += float64(v)
			if v == 0 {
				dropped++
			} else if v != d.scale() {
				t.Fatalf("a kept value became %g, want %g", v, d.scale())
			}
		}
		sigma := math.Sqrt(probability * (1 - probability) / n)
		if math.Abs(dropped/n-probability) > 5*sigma {
			t.Errorf("dropped %g of the values, want %g", dropped/n, probability)
		}
		if math.Abs(sum/n-1) > 5*sigma/(1-probability) {
			t.Errorf("the mean became %g", sum/n)
		}
	}
}

// TestDropoutOnlyInTraining also checks that rows drop different values.
func TestDropoutOnlyInTraining(t *testing.T) {
	for _, hidden := range []int{0, 32} {
		e := synthetic(2*blockRows, 64, 3, 1)
		l, err := loss.New[float32](loss.Config{Classes: 3})
		if err != nil {
			t.Fatal(err)
		}
		pool := dense.NewPool(1)
		params := newParameters(64, hidden, 3)
		params.initialise(0, false)
		layers := newCopiedLayers(pool, params, standardiserOf(t, e))
		pass := newChunkedPass(pool, params, layers, layers)
		pass.setLoss(l)
		var plain [][]float32
		pass.forward(e, func(int, activations) { plain = append(plain, slices.Clone(layers.lastInput().Row(len(plain)))) })
		order := make([]int, 2*blockRows) // the same example in each row
		drop := newDropout(0.5, 1, 1)
		weights, _ := exampleWeights(e, nil)
		pass.gradient(batch{examples: e, order: order, weights: weights, scale: 1, dropout: drop},
			newParameters(64, hidden, 3))
		rows := map[string]bool{}
		for i := range order {
			var pattern []byte
			for j, v := range layers.lastInput().Row(i) {
				want := plain[0][j] * drop.scale()
				if v != 0 && v != want {
					t.Fatalf("hidden %d: %g became %g", hidden, plain[0][j], v)
				}
				if v == 0 && want != 0 {
					pattern = append(pattern, byte(j))
				}
			}
			rows[string(pattern)] = true
		}
		if len(rows) < len(order)-1 {
			t.Errorf("hidden %d: %d patterns in %d rows", hidden, len(rows), len(order))
		}
		pool.Close()
	}
}
