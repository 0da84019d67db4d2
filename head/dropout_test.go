package head

import (
	"math"
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

// TestDropoutOnlyInTraining also checks that epochs, chunks and rows drop other values.
func TestDropoutOnlyInTraining(t *testing.T) {
	for _, hidden := range []int{0, 32} {
		e := synthetic(2*blockRows, 64, 3, 1)
		l, err := loss.New[float32](loss.Config{Classes: 3})
		if err != nil {
			t.Fatal(err)
		}
		pool := dense.NewPool(1)
		tr := newTrainer(Config{Hidden: hidden}, pool, scalingOf(t, e), l, e)
		tr.weights, tr.totalWeight = exampleWeights(e, nil)
		if hidden == 0 {
			tr.pass.direct.params = nil // so that there are rows to look at
		}
		var plain [][]float32
		tr.visit(e, func(_, i int) { plain = append(plain, append([]float32(nil), tr.pass.lastRow(i)...)) })
		order := make([]int, 2*blockRows) // the same example throughout
		drop := newDropout(0.5, 1, 1)
		tr.pass.run(chunk{examples: e, order: order, weights: tr.weights, grads: tr.grads, fresh: true, scale: 1, dropout: drop})
		rows := map[string]bool{}
		for i := range order {
			var pattern []byte
			for j, v := range tr.pass.lastRow(i) {
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

// lastRow is what enters the last layer.
func (p *pass) lastRow(i int) []float32 {
	if p.params.hiddenUnits > 0 {
		return p.h.Row(i)
	}
	return p.in.Row(i)
}
