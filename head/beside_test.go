package head

import (
	"context"
	"math"
	"slices"
	"testing"

	"finetune/internal/randstream"
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
	alone := func(order []int) (*Result, func(position int) []float32) {
		r, err := Train(context.Background(), all.Subset(order), Examples{}, cfg.linear(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r, func(position int) []float32 { return r.OutOfFold.Probabilities[slices.Index(order, val[position])*3:] }
	}
	copied := all.Subset(val) // in a matrix of its own
	copied.Features.Data = slices.Clone(copied.Features.Data)
	cfg.LR, cfg.WeightDecay, cfg.Epochs = 0.5, 0, 4 // steps that are too large to gain anything
	for name, held := range map[string]Examples{"one matrix": all.Subset(val), "two": copied} {
		order := inOrder(all.Len()) // of the features
		if name == "two" {
			order = slices.Concat(rest, val)
		}
		linear, outOfFold := alone(order)
		kept, err := Train(context.Background(), all.Subset(rest), held, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if kept.Best != 0 || kept.Network.Hidden() != 6+2*3 || len(kept.History) != 4 {
			t.Fatalf("%s: epoch %d of %d kept, %d hidden units", name, kept.Best, len(kept.History), kept.Network.Hidden())
		}
		for i := range val { // the linear head alone, out of fold
			z, p := kept.ValLogits[i*3:i*3+3], outOfFold(i)
			for k := range z {
				if math.Abs(math.Exp(float64(z[k]))-float64(p[k])) > 1e-5 {
					t.Fatalf("%s, validation example %d: logits %g, probabilities out of fold %g", name, i, z, p[:3])
				}
			}
		}
		if !(kept.StartRPS > 0) {
			t.Errorf("%s: an RPS of %g at the start", name, kept.StartRPS)
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

// What a linear head can't see, the hidden layer adds: classes by the distance from 0.
func TestBesideGains(t *testing.T) {
	const n, cols = 400, 4
	r := randstream.New(3, "test")
	all := Examples{Features: Features{Rows: n, Cols: cols, Data: make([]float32, n*cols)}, Targets: make([]float32, n*3)}
	for i := range n {
		for j := range cols {
			all.Features.Data[i*cols+j] = float32(r.NormFloat64())
		}
		away := math.Abs(float64(all.Features.Data[i*cols]))
		class := 0
		if away > 0.43 {
			class++
		}
		if away > 0.97 {
			class++
		}
		all.Targets[i*3+class] = 1
	}
	index := inOrder(n)
	cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 32)
	cfg.LR, cfg.WeightDecay, cfg.Dropout, cfg.Epochs = 0.02, 0.01, 0, 100
	trained, err := Train(context.Background(), all.Subset(index[80:]), all.Subset(index[:80]), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if trained.Best == 0 {
		t.Fatal("the linear head was kept")
	}
	right := 0
	for i := range 80 {
		z := trained.ValLogits[i*3 : i*3+3]
		right += int(all.Targets[i*3+slices.Index(z, slices.Max(z))])
	}
	if right < 60 {
		t.Errorf("%d of 80 right", right)
	}
}

// The hidden layer has as much say as its gain is sure, and examples of one group count as one.
func TestShrink(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []float64
		groups        []int
		want          float64
	}{
		"sure":            {[]float64{1, 1, 1, 1}, []float64{.5, .5, .5, .5}, nil, 1},
		"half sure":       {[]float64{1, 1}, []float64{0.5 - math.Sqrt(0.125), 0.5 + math.Sqrt(0.125)}, nil, 0.5},
		"loss":            {[]float64{1, 1, 1, 1}, []float64{1, 2, 1, 1}, nil, 0},
		"by chance":       {[]float64{1, 1, 1, 1}, []float64{0, 1, 1.1, 1}, nil, 0},
		"one group":       {[]float64{1, 1}, []float64{.5, .5}, []int{7, 7}, 0},
		"groups disagree": {[]float64{1, 1, 1, 1}, []float64{.2, .2, 1.5, 1.5}, []int{1, 1, 2, 2}, 0},
		"groups agree":    {[]float64{1, 1, 1, 1}, []float64{.2, .8, .3, .7}, []int{1, 1, 2, 2}, 1},
	} {
		weights := []float32{1, 1, 1, 1}[:len(c.before)]
		f := &fit{startLosses: c.before, valWeights: weights, valTotal: float64(len(weights)), val: Examples{Groups: c.groups}}
		if got := f.share(c.after); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: a share of %g, want %g", name, got, c.want)
		}
	}
}

// An ensemble has the mean of the logits of its networks for the validation examples, too.
func TestBesideEnsemble(t *testing.T) {
	all := ordinal(t, 60, 1)
	cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 4)
	cfg.Epochs, cfg.Patience = 3, 0
	index := make([]int, 60)
	for i := range index {
		index[i] = i
	}
	train := func(seed uint64, n int) []float32 {
		cfg.Seed, cfg.Ensemble = seed, n
		r, err := Train(context.Background(), all.Subset(index[:45]), all.Subset(index[45:]), cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.ValLogits
	}
	first, second, both := train(5, 1), train(randstream.New(5, "ensemble", 1).Uint64(), 1), train(5, 2)
	if len(both) != 15*3 {
		t.Fatalf("%d logits of 15 examples", len(both))
	}
	for i, got := range both {
		if want := (first[i] + second[i]) / 2; math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("logit %d: %g, want the mean %g of %g and %g", i, got, want, first[i], second[i])
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
