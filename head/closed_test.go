package head

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
)

// ordinal are examples of three classes along a line, so many rows an item.
func ordinal(t *testing.T, items, views int) Examples {
	t.Helper()
	const cols = 12
	r := rand.New(rand.NewPCG(3, 4))
	e := Examples{Features: Features{Rows: items * views, Cols: cols, Data: make([]float32, items*views*cols)}, Views: views}
	labels := make([]int, items)
	for i := range labels {
		labels[i] = r.IntN(3)
		for v := range views {
			for j := range cols {
				e.Features.Data[(i*views+v)*cols+j] = float32(r.NormFloat64()) + float32(labels[i]*(j%3))
			}
		}
	}
	var err error
	if e.Targets, err = OneHot(labels, 3); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestUsualOptimizer(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"default":     {func(*Config) {}, ClosedForm},
		"xemd2":       {func(c *Config) { c.Loss.Name = loss.XEMD2 }, ClosedForm},
		"positions":   {func(c *Config) { c.Loss.Ground = loss.Positions([]float64{0, 1, 5}) }, ClosedForm},
		"weights":     {func(c *Config) { c.Balanced = true }, ClosedForm},
		"matrix":      {func(c *Config) { c.Loss.Ground = loss.Matrix([]float64{0, 1, 2, 1, 0, 1, 2, 1, 0}) }, SGD},
		"self-guided": {func(c *Config) { c.SelfGuided = true }, SGD},
		"other loss":  {func(c *Config) { c.Loss.Name = loss.CORAL }, SGD},
		"epochs":      {func(c *Config) { c.Epochs = 3 }, SGD},
		"dropout":     {func(c *Config) { c.Dropout = 0 }, SGD},
		"schedule":    {func(c *Config) { c.Schedule = Constant }, SGD},
		"raw":         {func(c *Config) { c.Raw = true }, SGD},
		"hidden":      {func(c *Config) { c.Hidden = 4 }, AdamW},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 0)
			c.change(&cfg)
			once := cfg.Resolved(12, 40)
			if once.Optimizer != c.want {
				t.Errorf("the optimiser is %s, want %s", once.Optimizer, c.want)
			}
			if again := once.Resolved(12, 40); again.Optimizer != once.Optimizer || again.Epochs != once.Epochs {
				t.Errorf("%+v resolves to %+v", once, again)
			}
		})
	}
}

func TestClosedFormErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		field  string
	}{
		"loss":        {func(c *Config) { c.Loss.Name = loss.CrossEntropy }, "Loss.Name"},
		"self-guided": {func(c *Config) { c.SelfGuided = true }, "Loss.Ground"},
		"rate":        {func(c *Config) { c.LR = 0.1 }, "Head.LR"},
		"decay":       {func(c *Config) { c.WeightDecay = 1 }, "Head.WeightDecay"},
		"dropout":     {func(c *Config) { c.Dropout = 0.3 }, "Head.Dropout"},
		"raw":         {func(c *Config) { c.Raw = true }, "Head.Optimizer"},
	} {
		cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 0)
		cfg.Optimizer = ClosedForm
		c.change(&cfg)
		var e *invalid.Error
		if err := cfg.Check(); !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%s: %v, want an error about %s", name, err, c.field)
		}
	}
}

// A hidden layer is random; the layer on it predicts, out of fold too.
func TestClosedFormOnRandomLayer(t *testing.T) {
	cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 200)
	cfg.Optimizer = ClosedForm
	e := ordinal(t, 60, 1)
	r, err := Train(context.Background(), e, Examples{}, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Network.Hidden() != 200 || r.OutOfFold == nil || len(r.OutOfFold.Probabilities) != 60*3 {
		t.Fatalf("%d hidden units, out of fold %v", r.Network.Hidden(), r.OutOfFold)
	}
	if shares := 0.44; !(r.OutOfFold.NestedRPS < 0.7*shares) { // of three equally frequent classes
		t.Errorf("RPS out of fold %g", r.OutOfFold.NestedRPS)
	}
	cfg.Seed = 3
	other, err := Train(context.Background(), e, Examples{}, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(other.Network.Layers[0].Weight, r.Network.Layers[0].Weight) {
		t.Error("another seed has the same random layer")
	}
	cfg.Hidden = mostOutputs / 59
	if err := cfg.checkOutputs(60); !invalid.Is(err) {
		t.Errorf("too many units: %v", err)
	}
}

// A view that doesn't count gets predictions and changes nothing; views of an item are left out together.
func TestClosedFormViews(t *testing.T) {
	cfg := Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 0)
	e := ordinal(t, 40, 2)
	fit := func(e Examples, threads int) *Result {
		t.Helper()
		c := cfg
		c.Threads = threads
		r, err := Train(context.Background(), e, Examples{}, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	both := fit(e, 1)
	if n := len(both.OutOfFold.Probabilities); n != 40*2*3 || len(both.OutOfFold.Folds) != 40 {
		t.Fatalf("%d probabilities and %d folds", n, len(both.OutOfFold.Folds))
	}
	if same := fit(e, 3); !slices.Equal(same.Network.Layers[0].Weight, both.Network.Layers[0].Weight) ||
		!slices.Equal(same.OutOfFold.Probabilities, both.OutOfFold.Probabilities) {
		t.Error("the number of threads changes the head")
	}
	if both.History[both.Best-1].Penalty <= 0 || both.History[both.Best-1].RPS != both.OutOfFold.RPS {
		t.Errorf("the best of %+v is %d", both.History, both.Best)
	}

	plain := e
	plain.Views, plain.Index = 1, nil
	for i := range 40 {
		plain.Index = append(plain.Index, 2*i)
	}
	alone := fit(plain, 1)
	silent := e.unrolled()
	silent.Groups = nil
	for i := range silent.Weights {
		silent.Weights[i] = float32(1 - i%2)
		silent.Groups = append(silent.Groups, i/2)
	}
	for i, w := range fit(silent, 1).Network.Layers[0].Weight {
		if d := w - alone.Network.Layers[0].Weight[i]; d > 1e-4 || d < -1e-4 {
			t.Fatalf("weight %d is %g with views that don't count and %g without", i, w, alone.Network.Layers[0].Weight[i])
		}
	}
}

// Out-of-fold predictions hardly depend on an example's own label, where those of the head do.
func TestClosedFormLeavesExamplesOut(t *testing.T) {
	cfg := Defaults(loss.Config{Name: loss.XEMD2, Classes: 3}, 0)
	shares := func(wrong bool) (outOfFold, fitted float32) {
		e := ordinal(t, 30, 1)
		if wrong {
			copy(e.Targets[:3], []float32{e.Targets[2], e.Targets[1], e.Targets[0]})
		}
		truth := slices.Index(e.Targets[:3], 1)
		r, err := Train(context.Background(), e, Examples{}, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		space, err := label.New([]string{"0", "1", "2"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		h, err := New(r.Network, Description{Space: space, Loss: r.Loss})
		if err != nil {
			t.Fatal(err)
		}
		p := make([]float32, 3)
		if err := h.Probabilities(e.Features, []int{0}, 1, p); err != nil {
			t.Fatal(err)
		}
		return r.OutOfFold.Probabilities[truth], p[truth]
	}
	left, fitted := shares(true)
	if !(fitted > left) {
		t.Errorf("a wrong label has probability %.3f out of fold and %.3f by the head that has seen it", left, fitted)
	}
}

func TestClosedFormStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Train(ctx, ordinal(t, 30, 1), Examples{}, Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 0), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
