package head

import (
	"context"
	"math"
	"slices"
	"testing"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// augmented returns examples of which item i has the given number of rows: that of e, and others near it.
func augmented(e Examples, views int) Examples {
	f := Features{Rows: e.Len() * views, Cols: e.Features.Cols}
	for i := range e.Len() {
		for v := range views {
			for j, x := range e.Row(i) {
				f.Data = append(f.Data, x+float32(v)*0.1*float32(1+(i+j)%3))
			}
		}
	}
	return Examples{Features: f, Views: views, Targets: e.Targets, Weights: e.Weights}
}

// TestViewsTaken compares an epoch with views with one on the rows of the views that it took.
func TestViewsTaken(t *testing.T) {
	const n, views = 300, 3
	e := augmented(synthetic(n, 6, 3, 1), views)
	for i := range n {
		e.Weights = append(e.Weights, float32(1+i%2))
	}
	picks := make([]int, 0, n)
	for i := range n {
		picks = append(picks, (7*i)%n)
	}
	e = e.Subset(picks)
	c := Config{Loss: loss.Config{Name: loss.EMD2, Classes: 3}, Optimizer: SGD, BatchSize: 64, Seed: 4}
	c = open(c).Resolved(6, n)
	l, err := loss.New[float32](c.Loss)
	if err != nil {
		t.Fatal(err)
	}
	pool := dense.NewPool(2)
	defer pool.Close()
	s := standardiserOf(t, e)
	start := func(e Examples) *objective { return newObjective(c, pool, s, l, e, nil) }
	epoch := func(o *objective, number int) {
		if _, err := newOptimiser(&fit{objective: o}).(*firstOrder).epoch(context.Background(), number); err != nil {
			t.Fatal(err)
		}
	}
	var before []int
	for number := 1; number <= 2; number++ {
		o := start(e)
		epoch(o, number)
		counts := make([]int, views)
		written := Examples{Features: e.Features, Targets: e.Targets, Weights: e.Weights}
		for i, v := range o.views {
			counts[v]++
			written.Index = append(written.Index, picks[i]*views+v)
		}
		again := start(written)
		epoch(again, number)
		if !slices.Equal(o.params.all, again.params.all) {
			t.Errorf("epoch %d: other weights than with the same rows as plain examples", number)
		}
		if slices.Min(counts) < n/views-4*9 || slices.Equal(o.views, before) { // the deviation of a count is 8
			t.Errorf("epoch %d: views were taken %v times", number, counts)
		}
		before = slices.Clone(o.views)
	}
}

func TestViewsStandardiser(t *testing.T) {
	e := augmented(synthetic(90, 5, 3, 1), 4)
	e.Weights = slices.Repeat([]float32{1, 0, 3}, 30)
	rows := Examples{Features: e.Features}
	for i := range e.Features.Rows {
		rows.Weights = append(rows.Weights, e.Weights[i/4])
	}
	got, want := standardiserOf(t, e), standardiserOf(t, rows)
	if far(got.mean, want.mean) > 1e-6 || far(got.inverse, want.inverse) > 1e-6 {
		t.Errorf("scaled by %v, want %v", *got, *want)
	}
}

// TestViewsLBFGS compares with the optimum over all rows as examples.
func TestViewsLBFGS(t *testing.T) {
	e := augmented(synthetic(80, 6, 3, 5), 2)
	rows := Examples{Features: e.Features}
	for i := range e.Features.Rows {
		rows.Targets = append(rows.Targets, e.Targets[i/2*3:(i/2+1)*3]...)
	}
	c := Config{Loss: loss.Config{Name: loss.EMD2, Classes: 3}, Optimizer: LBFGS, WeightDecay: 0.05, Epochs: 300}
	got, want := train(t, e, Examples{}, c), train(t, rows, Examples{}, c)
	if d := far(got.Network.Layers[0].Weight, want.Network.Layers[0].Weight); d > 1e-3 {
		t.Errorf("weights differ by %g from those of all rows", d)
	}
}

// TestViewsValidation makes all but the plain rows of the validation examples NaN.
func TestViewsValidation(t *testing.T) {
	e := augmented(synthetic(120, 6, 3, 5), 3)
	plain := synthetic(50, 6, 3, 6)
	val := augmented(plain, 3)
	for i := range val.Features.Rows {
		if i%3 != 0 {
			val.Features.Row(i)[0] = float32(math.NaN())
		}
	}
	c := Config{Loss: loss.Config{Name: loss.EMD2, Classes: 3}, Epochs: 3, Threads: 1}
	want, got := train(t, e, plain, c), train(t, e, val, c)
	for i, h := range got.History {
		if h.ValLoss != want.History[i].ValLoss || h.ValMAE != want.History[i].ValMAE {
			t.Errorf("epoch %d: loss %g, want that of the plain rows, %g", i+1, h.ValLoss, want.History[i].ValLoss)
		}
	}
	c.Threads = 3
	if again := train(t, e, val, c); !slices.Equal(again.Network.Layers[0].Weight, got.Network.Layers[0].Weight) {
		t.Error("other weights on three threads")
	}
}

func TestViewsRefused(t *testing.T) {
	good := augmented(synthetic(10, 4, 3, 1), 2)
	for name, change := range map[string]func(e *Examples){
		"a row too few":    func(e *Examples) { e.Features.Rows--; e.Features.Data = e.Features.Data[4:] },
		"negative":         func(e *Examples) { e.Views = -1 },
		"item beyond rows": func(e *Examples) { e.Index = []int{10}; e.Targets = e.Targets[:3] },
	} {
		e := good
		change(&e)
		if _, err := Train(context.Background(), e, Examples{}, open(Config{Loss: loss.Config{Classes: 3}}),
			nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
