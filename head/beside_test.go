package head

import (
	"context"
	"math"
	"testing"

	"finetune/loss"
)

// A hidden layer beside the closed form begins with the linear head, whose validation loss it never exceeds.
func TestBesideClosedForm(t *testing.T) {
	train, val := ordinal(t, 80, 1), ordinal(t, 80, 1).Subset([]int{1, 5, 8, 13, 21, 34, 55, 70})
	cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 6)
	run := func(c Config) *Result {
		t.Helper()
		r, err := Train(context.Background(), train, val, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	linear := run(cfg.linear())
	cfg.LR, cfg.WeightDecay, cfg.Epochs = 0.5, 0, 4 // steps that are too large to gain anything
	kept := run(cfg)
	if kept.Network.Hidden() != 6+2*3 {
		t.Fatalf("%d hidden units", kept.Network.Hidden())
	}
	if kept.Best == 0 {
		for i := range 20 {
			want, got := apply(linear.Network, train.Row(i)), apply(kept.Network, train.Row(i))
			for k := range want {
				if math.Abs(want[k]-got[k]) > 1e-4*(1+math.Abs(want[k])) {
					t.Fatalf("row %d: logits %g, of the linear head %g", i, got, want)
				}
			}
		}
	}
	cfg.LR, cfg.WeightDecay, cfg.Epochs = Auto, Auto, 20
	trained := run(cfg)
	l, err := loss.New[float64](cfg.Loss)
	if err != nil {
		t.Fatal(err)
	}
	of := func(n Network) (sum float64) {
		for i := range val.Len() {
			p, below := make([]float64, 3), 0.0
			l.Probabilities(apply(n, val.Row(i)), p)
			for k, share := range val.Targets[3*i : 3*i+3] {
				below += p[k] - float64(share)
				sum += below * below
			}
		}
		return sum
	}
	if of(trained.Network) > of(linear.Network)+1e-6 {
		t.Errorf("loss %g, of the linear head %g", of(trained.Network), of(linear.Network))
	}
	if of(kept.Network) > of(linear.Network)+1e-6 {
		t.Errorf("with steps too large: loss %g, of the linear head %g", of(kept.Network), of(linear.Network))
	}
}

// The logits of the joined network are the sums of those of its parts.
func TestJoined(t *testing.T) {
	linear := Network{Layers: []Layer{{2, 2, []float32{1, -2, 0.5, 3}, []float32{0.25, -1}}}}
	n := Network{Layers: []Layer{{2, 3, []float32{1, 2, -1, 1, 0, 2}, []float32{0, 1, -1}}, {3, 2, []float32{1, -1, 2, 0.5, 1, -2}, []float32{0.5, 0}}}}
	both := joined(linear, n)
	if err := both.check(); err != nil {
		t.Fatal(err)
	}
	for _, x := range [][]float32{{1, 2}, {-3, 0.25}, {0, 0}, {0.5, -4}} {
		a, b, got := apply(linear, x), apply(n, x), apply(both, x)
		for o := range got {
			if math.Abs(a[o]+b[o]-got[o]) > 1e-5 {
				t.Errorf("%v: %g, want %g + %g", x, got, a, b)
			}
		}
	}
}

// What has no closed form is trained as it is.
func TestNotBeside(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"linear":        func(c *Config) { c.Hidden = 0 },
		"cross-entropy": func(c *Config) { c.Loss.Name = loss.CrossEntropy },
		"lbfgs":         func(c *Config) { c.Optimizer = LBFGS },
		"raw":           func(c *Config) { c.Raw = true },
		"positions":     func(c *Config) { c.Loss.Ground = loss.Positions([]float64{0, 1, 5}) },
		"self-guided":   func(c *Config) { c.SelfGuided = true },
	} {
		c := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 4).Resolved(10, 10)
		if !c.besideClosedForm() {
			t.Fatal("not beside by default")
		}
		change(&c)
		if c.besideClosedForm() {
			t.Errorf("%s: beside", name)
		}
	}
}
