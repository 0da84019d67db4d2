package head

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"finetune/invalid"
	"finetune/loss"
)

// TestLBFGSConverges checks for every loss that a linear head reaches a gradient far below 1e-4 of that at the start,
// and that the number of threads doesn't change the weights.
func TestLBFGSConverges(t *testing.T) {
	const classes = 5
	e := synthetic(300, 20, classes, 3)
	for i := range e.Len() {
		e.Weights = append(e.Weights, float32(1+i%3))
	}
	for _, name := range loss.Names() {
		for _, decay := range []float64{0.3, 0.03} {
			t.Run(fmt.Sprintf("%s/%g", name, decay), func(t *testing.T) {
				c := Defaults(loss.Config{Name: name, Classes: classes}, 0)
				c.Optimizer, c.WeightDecay, c.Threads = LBFGS, decay, 1
				r := train(t, e, Examples{}, c)
				last := r.History[len(r.History)-1]
				if !(last.Gradient < 3e-5) || len(r.History) == r.Config.Epochs {
					t.Errorf("after %d iterations the gradient is %g of the start's", len(r.History), last.Gradient)
				}
				if !math.IsNaN(last.LR) || last.Epoch != len(r.History) || r.Best != len(r.History) {
					t.Errorf("best %d of %d, last record %+v", r.Best, len(r.History), last)
				}
				if want := meanLoss(t, r.Network, e, r.Loss); math.Abs(last.TrainLoss-want) > 1e-4*math.Abs(want) {
					t.Errorf("the loss recorded is %g, of the result %g", last.TrainLoss, want)
				}
				c.Threads = 3
				again := train(t, e, Examples{}, c)
				if !slices.Equal(again.Network.Layers[0].Weight, r.Network.Layers[0].Weight) {
					t.Error("other weights on three threads")
				}
			})
		}
	}
}

// TestLBFGSStages warms up with cross-entropy and stops early.
func TestLBFGSStages(t *testing.T) {
	e, val := synthetic(200, 10, 4, 2), synthetic(100, 10, 4, 7)
	c := Defaults(loss.Config{Name: loss.XEMD2, Classes: 4, Mu: 0.5}, 0)
	c.Optimizer, c.SelfGuided, c.WarmupEpochs, c.Epochs = LBFGS, true, 6, 400
	r := train(t, e, val, c)
	for _, h := range r.History {
		if (h.Epoch <= 6) != (h.Lambda == 0) {
			t.Errorf("iteration %d has λ %g", h.Epoch, h.Lambda)
		}
	}
	if last := r.History[len(r.History)-1]; !(last.Gradient < 3e-5) {
		t.Errorf("the gradient ends at %g of the start's", last.Gradient)
	}
	// A warm-up that converges early ends early.
	c.WarmupEpochs, c.WeightDecay = 300, 1
	r = train(t, e, val, c)
	if n := slices.IndexFunc(r.History, func(h Epoch) bool { return h.Lambda > 0 }); n < 1 || n > 250 {
		t.Errorf("the loss took over in iteration %d of %d", n+1, len(r.History))
	}

	c = Config{Loss: loss.Config{Classes: 4}, Optimizer: LBFGS, Patience: 3, Hidden: 30, Epochs: 300}
	r = train(t, e, val, c)
	if len(r.History) == 300 || len(r.History) != r.Best+3 {
		t.Errorf("stopped after %d iterations with the best at %d", len(r.History), r.Best)
	}
	c.Patience, c.Epochs = 0, 4
	if r = train(t, e, val, c); len(r.History) != 4 {
		t.Errorf("%d iterations of 4", len(r.History))
	}
}

// A head that starts at its optimum has one epoch, and no NaN.
func TestLBFGSAtOptimum(t *testing.T) {
	e := synthetic(9, 2, 3, 1)
	clear(e.Features.Data)
	for i := range e.Len() {
		loss.OneHot(e.Targets[3*i:3*i+3], i%3)
	}
	r := train(t, e, Examples{}, Config{Loss: loss.Config{Classes: 3}, Optimizer: LBFGS})
	if len(r.History) != 1 || math.Abs(r.History[0].TrainLoss-math.Log(3)) > 1e-6 {
		t.Errorf("%+v", r.History)
	}
}

func TestLBFGSCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	_, err := Train(ctx, synthetic(300, 5, 3, 1), Examples{},
		open(Config{Loss: loss.Config{Classes: 3}, Optimizer: LBFGS}), func(Epoch) {
			n++
			cancel()
		})
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("got %v after %d iterations, want the context's error after 1", err, n)
	}
}

func TestLBFGSRefuses(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"rate":     func(c *Config) { c.LR = 0.1 },
		"batch":    func(c *Config) { c.BatchSize = 9 },
		"schedule": func(c *Config) { c.Schedule = Constant },
		"dropout":  func(c *Config) { c.Dropout = 0.1 },
		"momentum": func(c *Config) { c.Momentum = 0.9 },
		"moving":   func(c *Config) { c.Hidden, c.SelfGuided, c.Loss.Name = 4, true, loss.EMD2 },
	} {
		c := Config{Loss: loss.Config{Classes: 3}, Optimizer: LBFGS}
		change(&c)
		if err := open(c).Check(); !invalid.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPositionScale checks that l2 trains alike on positions in years and in class steps.
func TestPositionScale(t *testing.T) {
	e := synthetic(200, 10, 4, 2)
	steps := Defaults(loss.Config{Name: loss.L2, Classes: 4}, 0)
	years := steps
	years.Loss.Ground = loss.Positions([]float64{1900, 1925, 1950, 1975})
	for _, optimizer := range []string{SGD, LBFGS} {
		steps.Optimizer, years.Optimizer = optimizer, optimizer
		a, b := train(t, e, e, steps), train(t, e, e, years)
		for i := range 20 {
			x, y := reference(a.Network, e.Row(i))[0], reference(b.Network, e.Row(i))[0]
			if math.Abs(1900+25*x-y) > 0.05 {
				t.Errorf("%s: row %d is at step %g and in year %g", optimizer, i, x, y)
			}
		}
		last := b.History[b.Best-1]
		if want := meanLoss(t, b.Network, e, b.Loss); math.Abs(last.ValLoss-want) > 1e-3*want {
			t.Errorf("%s: the loss recorded is %g, of the result %g", optimizer, last.ValLoss, want)
		}
	}
}

// TestInitialBias checks that training starts at the class shares, which even a head without any information needs.
func TestInitialBias(t *testing.T) {
	e := synthetic(400, 3, 3, 1)
	clear(e.Features.Data)
	for i := range e.Len() {
		loss.OneHot(e.Targets[3*i:3*i+3], min(i%8, 2)) // 1, 1 and 6 of 8
	}
	for _, name := range loss.Names() {
		r := train(t, e, Examples{}, Config{Loss: loss.Config{Name: name, Classes: 3}, Epochs: 1, LR: 1e-9})
		l, err := loss.New[float32](r.Loss)
		if err != nil {
			t.Fatal(err)
		}
		probs := make([]float32, 3)
		l.Probabilities(r.Network.Layers[0].Bias, probs)
		want := []float32{51. / 403, 51. / 403, 301. / 403}
		if name == loss.L2 {
			want = []float32{0, 153. / 403, 250. / 403} // the mean position, between its neighbours
		}
		if far(probs, want) > 1e-5 {
			t.Errorf("%s: starts at %v, want %v", name, probs, want)
		}
	}
}
