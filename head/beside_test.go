package head

import (
	"context"
	"math"
	"slices"
	"testing"

	"finetune/loss"
)

// A hidden layer beside the closed form begins with the linear head of all examples, which is kept where no epoch is better.
func TestBesideClosedForm(t *testing.T) {
	all := ordinal(t, 80, 1)
	val := []int{1, 5, 8, 13, 21, 34, 55, 70}
	var rest []int
	for i := range all.Len() {
		if !slices.Contains(val, i) {
			rest = append(rest, i)
		}
	}
	cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 6)
	linear, err := Train(context.Background(), all.Subset(slices.Concat(rest, val)), Examples{}, cfg.linear(), nil)
	if err != nil {
		t.Fatal(err)
	}
	copied := all.Subset(val) // in a matrix of its own
	copied.Features.Data = slices.Clone(copied.Features.Data)
	cfg.LR, cfg.WeightDecay, cfg.Epochs = 0.5, 0, 4 // steps that are too large to gain anything
	for name, held := range map[string]Examples{"one matrix": all.Subset(val), "two": copied} {
		kept, err := Train(context.Background(), all.Subset(rest), held, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if kept.Best != 0 || kept.Network.Hidden() != 6+2*3 || len(kept.History) != 4 {
			t.Fatalf("%s: epoch %d of %d kept, %d hidden units", name, kept.Best, len(kept.History), kept.Network.Hidden())
		}
		for i := range 20 {
			want, got := apply(linear.Network, all.Row(i)), apply(kept.Network, all.Row(i))
			for k := range want {
				if math.Abs(want[k]-got[k]) > 1e-4*(1+math.Abs(want[k])) {
					t.Fatalf("%s, row %d: logits %g, of the linear head %g", name, i, got, want)
				}
			}
		}
	}
	cfg.LR, cfg.WeightDecay, cfg.Epochs = Auto, Auto, 20
	trained, err := Train(context.Background(), all.Subset(rest), all.Subset(val), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range trained.History[max(0, trained.Best-1):] {
		if trained.Best > 0 && e.ValLoss < trained.History[trained.Best-1].ValLoss {
			t.Errorf("epoch %d is better than %d", e.Epoch, trained.Best)
		}
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
