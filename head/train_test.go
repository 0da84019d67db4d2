package head

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
	"finetune/loss"
)

// TestLogistic trains to convergence and compares with scikit-learn's optimum of the same objective, with sample
// weights and as repetitions.
func TestLogistic(t *testing.T) {
	raw, err := os.ReadFile("testdata/logistic.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Classes   int
		Decay     float64
		Features  [][]float32
		Labels    []int
		Weights   []float32
		Coef      [][]float32
		Intercept []float32
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	targets, err := OneHot(golden.Labels, golden.Classes)
	if err != nil {
		t.Fatal(err)
	}
	weighted := Examples{
		Features: Features{Rows: len(golden.Labels), Cols: len(golden.Features[0]), Data: slices.Concat(golden.Features...)},
		Targets:  targets, Weights: golden.Weights,
	}
	var copies []int
	for i, w := range golden.Weights {
		copies = append(copies, slices.Repeat([]int{i}, int(w))...)
	}
	repeated := weighted.Subset(copies)
	repeated.Weights = nil
	c := Config{
		Loss: loss.Config{Classes: golden.Classes}, Raw: true, Optimizer: SGD, LR: 0.5, Momentum: 0.9,
		WeightDecay: golden.Decay, Epochs: 400, BatchSize: 1000, Schedule: Constant,
	}
	for name, e := range map[string]Examples{"weighted": weighted, "repeated": repeated} {
		t.Run(name, func(t *testing.T) {
			got := train(t, e, Examples{}, c).Network.Layers[0]
			if d := far(got.Weight, slices.Concat(golden.Coef...)); d > 1e-4 {
				t.Errorf("weights differ by %g from scikit-learn's", d)
			}
			if d := far(got.Bias, golden.Intercept); d > 1e-4 {
				t.Errorf("biases differ by %g from scikit-learn's", d)
			}
		})
	}
}

func TestLearns(t *testing.T) {
	const classes = 5
	all := synthetic(600, 12, classes, 9)
	var first, second []int
	for i := range 600 {
		if i < 450 {
			first = append(first, i)
		} else {
			second = append(second, i)
		}
	}
	for _, name := range loss.Names() {
		for _, hidden := range []int{0, 16} {
			for _, optimizer := range []string{SGD, AdamW} {
				t.Run(fmt.Sprintf("%s/%d/%s", name, hidden, optimizer), func(t *testing.T) {
					c := Config{Loss: loss.Config{Name: name, Classes: classes}, Hidden: hidden, Optimizer: optimizer,
						Decision: Median, LR: 0.02, Momentum: Auto, Epochs: 40, BatchSize: 64}
					r := train(t, all.Subset(first), all.Subset(second), c)
					last := r.History[len(r.History)-1]
					if last.ValMAE > 0.35 { // always predicting the middle class gives 1.2
						t.Errorf("the error on validation examples is %.2f classes", last.ValMAE)
					}
					if r.Best != 40 || len(r.History) != 40 || !(last.TrainLoss < r.History[0].TrainLoss) {
						t.Errorf("best epoch %d of %d, training loss from %g to %g", r.Best, len(r.History), r.History[0].TrainLoss,
							last.TrainLoss)
					}
				})
			}
		}
	}
}

// TestSameBytes trains again with the same seed, on other numbers of threads and through an index.
func TestSameBytes(t *testing.T) {
	e := synthetic(700, 70, 4, 2)
	for i := range e.Len() {
		e.Weights = append(e.Weights, float32(1+i%3))
	}
	val := synthetic(90, 70, 4, 3)
	for _, c := range []Config{
		{Loss: loss.Config{Name: loss.EMD2, Classes: 4}, Optimizer: SGD, Momentum: 0.9},
		{Loss: loss.Config{Name: loss.EMD2, Classes: 4}, Hidden: 40, Balanced: true},
	} {
		c.Dropout, c.Epochs, c.BatchSize, c.Seed, c.Threads = 0.3, 3, 100, 5, 1
		want := train(t, e, val, c)
		var order []int
		for i := range e.Len() {
			order = append(order, i)
		}
		again := func(name string, e Examples, c Config, same bool) {
			t.Run(fmt.Sprintf("%d/%s", c.Hidden, name), func(t *testing.T) {
				got := train(t, e, val, c)
				for i, l := range want.Network.Layers {
					equal := slices.Equal(got.Network.Layers[i].Weight, l.Weight) && slices.Equal(got.Network.Layers[i].Bias, l.Bias)
					if equal != same {
						t.Errorf("layer %d: equal is %v, want %v", i, equal, same)
					}
				}
				for i, w := range want.History {
					g := got.History[i]
					if equal := g.TrainLoss == w.TrainLoss && g.ValLoss == w.ValLoss; equal != same {
						t.Errorf("epoch %d: equal losses is %v, want %v", i+1, equal, same)
					}
				}
			})
		}
		again("again", e, c, true)
		again("index", e.Subset(order), c, true)
		for _, threads := range []int{2, 7} {
			c := c
			c.Threads = threads
			again(fmt.Sprintf("%d threads", threads), e, c, true)
		}
		c.Seed++
		again("other seed", e, c, false)
	}
}

func TestEarlyStopping(t *testing.T) {
	// Random labels: the validation loss is best early and then rises.
	e, val := synthetic(60, 200, 3, 4), synthetic(60, 200, 3, 5)
	for _, x := range []Examples{e, val} {
		for i := range x.Features.Data {
			x.Features.Data[i] = float32(math.Sin(float64(i) * float64(i)))
		}
	}
	c := Config{Loss: loss.Config{Classes: 3}, Optimizer: AdamW, LR: 1e-3, Epochs: 200, Schedule: Constant, Patience: 4,
		Seed: 1}
	r := train(t, e, val, c)
	if len(r.History) == 200 || len(r.History) != r.Best+4 {
		t.Fatalf("stopped after %d epochs with the best at %d", len(r.History), r.Best)
	}
	for _, h := range r.History {
		if h.ValLoss < r.History[r.Best-1].ValLoss {
			t.Errorf("epoch %d is better than the best", h.Epoch)
		}
	}
	c.Epochs, c.Patience = r.Best, 0
	shorter := train(t, e, val, c)
	if far(shorter.Network.Layers[0].Weight, r.Network.Layers[0].Weight) != 0 {
		t.Error("the weights aren't those of the best epoch")
	}
	if r := train(t, e, Examples{}, c); !math.IsNaN(r.History[0].ValLoss) || r.Best != c.Epochs {
		t.Errorf("without validation examples: loss %g, best epoch %d", r.History[0].ValLoss, r.Best)
	}
}

// TestClassWeights compares class weights, given and balanced, with sample weights.
func TestClassWeights(t *testing.T) {
	e := synthetic(80, 4, 3, 6)
	c := Config{Loss: loss.Config{Name: loss.EMD2, Classes: 3}, Raw: true, Optimizer: AdamW, Epochs: 5, LR: 0.01,
		BatchSize: 100}
	counts := make([]float64, 3)
	for i, share := range e.Targets {
		counts[i%3] += float64(share)
	}
	given, same := c, e
	given.ClassWeights = []float64{80 / (3 * counts[0]), 80 / (3 * counts[1]), 80 / (3 * counts[2])}
	for i := range 80 {
		same.Weights = append(same.Weights, float32(loss.SampleWeight(e.Targets[3*i:3*i+3], given.ClassWeights)))
	}
	want := train(t, same, Examples{}, c).Network.Layers[0].Weight
	plain := train(t, e, Examples{}, c).Network.Layers[0].Weight
	balanced := c
	balanced.Balanced = true
	for name, c := range map[string]Config{"given": given, "balanced": balanced} {
		if got := train(t, e, Examples{}, c).Network.Layers[0].Weight; far(got, want) > 1e-6 || far(got, plain) < 1e-4 {
			t.Errorf("%s: %g from sample weights, %g from none", name, far(got, want), far(got, plain))
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	epochs := 0
	_, err := Train(ctx, synthetic(300, 5, 3, 1), Examples{},
		open(Config{Loss: loss.Config{Classes: 3}, BatchSize: 10}), func(Epoch) {
			epochs++
			cancel()
		})
	if !errors.Is(err, context.Canceled) || epochs != 1 {
		t.Errorf("got %v after %d epochs, want the context's error after 1", err, epochs)
	}
}

func TestTrainInvalid(t *testing.T) {
	good := synthetic(20, 3, 3, 1)
	broken := func(f func(e *Examples)) Examples {
		e := synthetic(20, 3, 3, 1)
		f(&e)
		return e
	}
	for _, c := range []struct {
		name   string
		train  Examples
		config Config
		want   string
	}{
		{"loss", good, Config{Loss: loss.Config{Name: "hinge"}}, "Loss.Name"},
		{"width", good, Config{Hidden: 1<<16 + 1}, "0 to 65536"},
		{"many threads", good, Config{Threads: 100000}, "1 to 1024"},
		{"many epochs", good, Config{Epochs: 1000001}, "1 to 1000000"},
		{"hidden", good, Config{Hidden: -1}, "Head.Hidden"},
		{"dropout", good, Config{Dropout: 1}, "Head.Dropout"},
		{"optimizer", good, Config{Optimizer: "adam"}, "sgd, adamw, lbfgs or closed-form"},
		{"lr", good, Config{LR: math.NaN()}, "Head.LR"},
		{"momentum", good, Config{Momentum: 1}, "Head.Momentum"},
		{"decay", good, Config{Optimizer: AdamW, LR: 1, WeightDecay: 2}, "Head.WeightDecay"},
		{"negative decay", good, Config{WeightDecay: -2}, "Head.WeightDecay"},
		{"epochs", good, Config{Epochs: -2}, "Head.Epochs"},
		{"batch", good, Config{BatchSize: -2}, "Head.BatchSize"},
		{"schedule", good, Config{Schedule: "step"}, "cosine or constant"},
		{"patience", good, Config{Patience: -2}, "Head.Patience"},
		{"threads", good, Config{Threads: -2}, "Head.Threads"},
		{"decision", good, Config{Decision: "mode"}, "Head.Decision"},
		{"class weights", good, Config{ClassWeights: []float64{1, 2}}, "Head.ClassWeights"},
		{"both class weights", good, Config{ClassWeights: []float64{1, 2, 3}, Balanced: true}, "Head.ClassWeights"},
		{"no class weight", good, Config{ClassWeights: []float64{0, 0, 0}}, "Head.ClassWeights"},
		{"warm-up", good, Config{WarmupEpochs: 30}, "Head.WarmupEpochs"},
		{"auto", good, Config{AutoLambda: true}, "Loss.Lambda"},
		{"none", Examples{Features: Features{Cols: 3}}, Config{}, "training examples"},
		{"zero-weight feature", broken(func(e *Examples) {
			e.Weights = slices.Repeat([]float32{1}, 20)
			e.Weights[5], e.Features.Data[17] = 0, float32(math.NaN())
		}), Config{}, "row 5, column 2"},
		{"huge feature", broken(func(e *Examples) { e.Features.Data[10] = math.MaxFloat32 }), Config{Raw: true}, "lower it"},
		{"parameters", Examples{Features: Features{Rows: 1, Cols: 1 << 14, Data: make([]float32, 1<<14)},
			Targets: []float32{1, 0, 0}},
			Config{Hidden: 1 << 16}, "at most 268435456 parameters"},
		{"target", broken(func(e *Examples) { e.Targets[7] = 3 }), Config{}, "training example 2"},
		{"weight", broken(func(e *Examples) { e.Weights = make([]float32, 20); e.Weights[4] = -1 }), Config{},
			"training example 4"},
		{"no weight", broken(func(e *Examples) { e.Weights = make([]float32, 20) }), Config{}, "no weight above 0"},
		{"feature", broken(func(e *Examples) { e.Features.Data[10] = float32(math.Inf(1)) }), Config{}, "row 3, column 1"},
		{"diverged", good, Config{LR: 1e9, Raw: true, Loss: loss.Config{Name: loss.L2}, Optimizer: SGD, Epochs: 50,
			Schedule: Constant}, "lower it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Loss.Classes = 3
			_, err := Train(context.Background(), c.train, Examples{}, open(c.config), nil)
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an invalid.Error with %q", err, c.want)
			}
		})
	}
}

// TestNoExamples checks that an empty list, nil or not, lists no examples.
func TestNoExamples(t *testing.T) {
	e := synthetic(20, 3, 3, 1)
	for _, list := range [][]int{nil, {}} {
		none := e.Subset(list)
		if none.Len() != 0 || len(none.Targets) != 0 {
			t.Errorf("%d examples", none.Len())
		}
		c := Defaults(loss.Config{Classes: 3}, 0)
		if _, err := Train(context.Background(), none, Examples{}, c, nil); !invalid.Is(err) {
			t.Errorf("training on none: %v", err)
		}
		c.Epochs = 2
		r := train(t, e, none, c)
		if !math.IsNaN(r.History[1].ValLoss) || r.Best != 2 {
			t.Errorf("validation on none: %+v", r.History)
		}
	}
}

func TestValidationNotFinite(t *testing.T) {
	e, val := synthetic(20, 3, 3, 1), synthetic(20, 3, 3, 2)
	val.Features.Data[3*7+1] = float32(math.Inf(1))
	for _, hidden := range []int{0, 4} {
		_, err := Train(context.Background(), e, val, Defaults(loss.Config{Classes: 3}, hidden), nil)
		if !invalid.Is(err) || !strings.Contains(err.Error(), "row 7, column 1") {
			t.Errorf("hidden %d: %v", hidden, err)
		}
	}
}
