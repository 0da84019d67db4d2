package export

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"finetune/head"
	"finetune/label"
	"finetune/loss"
)

// A head alone must give the probabilities of package head for any number of classes, also with logits that are far
// apart and positions far from zero.
func TestHeadShapes(t *testing.T) {
	const inputs, rows = 6, 40
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int, scale float64) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(scale * r.NormFloat64())
		}
		return v
	}
	features := head.Features{Rows: rows, Cols: inputs, Data: random(rows*inputs, 1)}
	for _, name := range loss.Names() {
		for _, c := range []struct {
			name                string
			classes, hidden     int
			scale, from, spread float64
			temperature         float64
		}{
			{"two", 2, 0, 1, 0, 0, 1}, {"eight", 8, 0, 1, 0, 0, 1}, {"hidden", 5, 7, 1, 0, 0, 2.5}, {"sure", 11, 0, 60, 0, 0, 1}, {"years", 6, 0, 1, 1900, 20, 1},
		} {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				cfg := loss.Config{Name: name, Classes: c.classes}
				bias := 0.0
				if c.spread > 0 {
					positions := make([]float64, c.classes)
					for k := range positions {
						positions[k] = c.from + c.spread*float64(k) + float64(k*k)
					}
					cfg.Ground = loss.Positions(positions)
				}
				if name == loss.L2 {
					bias = c.from + max(c.spread, 1)*float64(c.classes)/2
				}
				l, err := loss.New[float32](cfg)
				if err != nil {
					t.Fatal(err)
				}
				var n head.Network
				width := inputs
				if c.hidden > 0 {
					n.Layers = append(n.Layers, head.Layer{In: width, Out: c.hidden, Weight: random(width*c.hidden, 1), Bias: random(c.hidden, 1)})
					width = c.hidden
				}
				// Biases in no order, so that coral's probabilities have to be kept from falling below zero.
				last := head.Layer{In: width, Out: l.Outputs(), Weight: random(width*l.Outputs(), c.scale), Bias: random(l.Outputs(), 1)}
				for i := range last.Bias {
					last.Bias[i] += float32(bias)
				}
				n.Layers = append(n.Layers, last)
				names := make([]string, c.classes)
				for k := range names {
					names[k] = strconv.Itoa(k)
				}
				space, err := label.New(names, cfg.Ground.Positions)
				if err != nil {
					t.Fatal(err)
				}
				h, err := head.New(n, head.Description{Space: space, Loss: cfg, Temperature: c.temperature})
				if err != nil {
					t.Fatal(err)
				}
				want := make([]float32, rows*c.classes)
				if err := h.Probabilities(features, features.All(), 1, want); err != nil {
					t.Fatal(err)
				}
				answers, err := openHead(t, h).Floats(t.Context(), features.Data, rows, inputs)
				if err != nil {
					t.Fatal(err)
				}
				got := answers.Probabilities
				for i, p := range got {
					if math.Abs(float64(p-want[i])) > 3e-5 || p < 0 {
						t.Fatalf("row %d, class %d: %g, the head says %g", i/c.classes, i%c.classes, p, want[i])
					}
				}
			})
		}
	}
}
