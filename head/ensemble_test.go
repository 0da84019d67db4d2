package head

import (
	"context"
	"errors"
	"math"
	"testing"

	"finetune/invalid"
	"finetune/loss"
)

// An ensemble is the first network of its seed with others, and its logits are the means of theirs.
func TestEnsemble(t *testing.T) {
	examples := ordinal(t, 60, 1)
	for _, hidden := range []int{0, 7} {
		cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, hidden)
		cfg.Optimizer, cfg.Epochs, cfg.Seed = AdamW, 3, 5
		train := func(c Config) *Result {
			t.Helper()
			r, err := Train(context.Background(), examples, examples, c, nil)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		one := train(cfg)
		cfg.Ensemble = 3
		joined := train(cfg)
		if got := joined.Network.Hidden(); got != 3*one.Network.Hidden() {
			t.Errorf("%d hidden units of three networks of %d", got, one.Network.Hidden())
		}
		if joined.Config.Ensemble != 3 || len(joined.History) != len(one.History) || joined.Best != one.Best {
			t.Errorf("hidden %d: %+v", hidden, joined)
		}
		if again := train(cfg); !equalNetworks(joined.Network, again.Network) {
			t.Errorf("hidden %d: the same seed gives another ensemble", hidden)
		}
		cfg.Ensemble = 2
		if equalNetworks(one.Network, train(cfg).Network) {
			t.Errorf("hidden %d: two networks are one", hidden)
		}
	}
}

// Logits of a joined network are the means of the logits of its parts.
func TestMeanOfNetworks(t *testing.T) {
	a := Network{Layers: []Layer{{2, 2, []float32{1, -2, 0.5, 3}, []float32{0, -1}}, {2, 2, []float32{1, 2, -3, 1}, []float32{0.5, 0}}}}
	b := Network{Layers: []Layer{{2, 2, []float32{-1, 4, 2, 2}, []float32{1, 0}}, {2, 2, []float32{2, -1, 1, 5}, []float32{-1.5, 2}}}}
	linear := func(n Network) Network { return Network{Layers: n.Layers[:1]} }
	for _, pair := range [][]Network{{a, b}, {linear(a), linear(b)}, {a, b, a}} {
		joined := mean(pair)
		for _, x := range [][]float32{{1, 2}, {-3, 0.25}, {0, 0}} {
			want := make([]float64, 2)
			for _, n := range pair {
				for o, v := range apply(n, x) {
					want[o] += v / float64(len(pair))
				}
			}
			for o, v := range apply(joined, x) {
				if math.Abs(v-want[o]) > 1e-5 {
					t.Errorf("%v: logit %d is %g, not %g", x, o, v, want[o])
				}
			}
		}
	}
}

// apply computes the logits of one row in float64.
func apply(n Network, x []float32) []float64 {
	in := make([]float64, len(x))
	for i, v := range x {
		in[i] = float64(v)
	}
	for i, l := range n.Layers {
		out := make([]float64, l.Out)
		for o := range out {
			out[o] = float64(l.Bias[o])
			for j, v := range in {
				out[o] += float64(l.Weight[o*l.In+j]) * v
			}
			if i < len(n.Layers)-1 {
				out[o] = max(0, out[o])
			}
		}
		in = out
	}
	return in
}

func equalNetworks(a, b Network) bool {
	for i, l := range a.Layers {
		for j, w := range l.Weight {
			if w != b.Layers[i].Weight[j] {
				return false
			}
		}
	}
	return true
}

func TestNoEnsemble(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"closed form":       func(c *Config) { c.Optimizer, c.Hidden = ClosedForm, 0 },
		"self-guided":       func(c *Config) { c.SelfGuided = true },
		"too many":          func(c *Config) { c.Ensemble = maxEnsemble + 1 },
		"less than none":    func(c *Config) { c.Ensemble = -1 },
		"a measured weight": func(c *Config) { c.Loss.Name, c.AutoLambda = loss.XEMD2, true },
	} {
		c := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 4)
		c.Ensemble = 2
		change(&c)
		var e *invalid.Error
		if err := c.Check(); !errors.As(err, &e) || e.Field != "Head.Ensemble" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
