package head

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// TestGradient compares the gradient of every parameter with central differences of the reference network. The batch
// is longer than a chunk, weights differ and some examples are listed twice.
func TestGradient(t *testing.T) {
	const classes = 4
	base := synthetic(150, 5, classes, 3)
	r := rand.New(rand.NewPCG(5, 5))
	soft := base.Targets[:50*classes]
	for i := 0; i < len(soft); i += classes {
		copy(soft[i:], []float32{0.1, 0.2, 0.3, 0.4})
	}
	for range 150 {
		base.Weights = append(base.Weights, float32(r.IntN(3)))
	}
	var picks []int
	for range 2*chunkRows + 7 {
		picks = append(picks, r.IntN(150))
	}
	examples := base.Subset(picks)
	for name, c := range map[string]struct {
		loss   loss.Config
		hidden int
	}{
		"linear cross-entropy": {loss.Config{Name: loss.CrossEntropy}, 0},
		"linear emd2":          {loss.Config{Name: loss.EMD2}, 0},
		"hidden emd2":          {loss.Config{Name: loss.EMD2, Ground: loss.Positions([]float64{0, 1, 3, 9})}, 6},
		"hidden l2":            {loss.Config{Name: loss.L2}, 3},
		"linear corn":          {loss.Config{Name: loss.CORN}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.loss.Classes = classes
			l, err := loss.New[float32](c.loss)
			if err != nil {
				t.Fatal(err)
			}
			pool := dense.NewPool(2)
			defer pool.Close()
			standardiser, err := newStandardiser(context.Background(), pool, examples, true)
			if err != nil {
				t.Fatal(err)
			}
			o := newObjective(Config{Hidden: c.hidden}, pool, standardiser, l, examples, nil)
			for i := range o.params.all {
				o.params.all[i] = r.Float32() - 0.5
			}
			value := o.gradient(inOrder(examples.Len()), &dropout{}) / o.totalWeight
			if want := meanLoss(t, o.params.network(standardiser), examples, c.loss); math.Abs(value-want) > 1e-5*max(1, want) {
				t.Errorf("the loss is %g, want %g", value, want)
			}
			for i, w := range o.params.all {
				const step = 1e-3
				at := func(x float32) float64 {
					o.params.all[i] = x
					return meanLoss(t, o.params.network(standardiser), examples, c.loss)
				}
				high, low := w+step, w-step
				want := (at(high) - at(low)) / float64(high-low)
				o.params.all[i] = w
				if got := float64(o.grads.all[i]); math.Abs(got-want) > 2e-3*max(1, math.Abs(want)) {
					t.Errorf("parameter %d of %d: the gradient is %g, by differences %g", i, len(o.params.all), got, want)
				}
			}
		})
	}
}

// TestSharedWeightsGradient checks that the rows of a loss with shared weights stay one vector, and that its gradient
// is the derivative for moving all rows together.
func TestSharedWeightsGradient(t *testing.T) {
	c := loss.Config{Name: loss.CORAL, Classes: 4}
	e := synthetic(40, 3, 4, 1)
	r := train(t, e, Examples{}, Config{Loss: c, Hidden: 5, Epochs: 3, Raw: true, LR: 0.01})
	out := r.Network.Layers[1]
	for o := 1; o < out.Out; o++ {
		if far(out.Weight[:out.In], out.Weight[o*out.In:(o+1)*out.In]) != 0 {
			t.Errorf("row %d differs from the first", o)
		}
	}
	pool := dense.NewPool(1)
	defer pool.Close()
	standardiser, err := newStandardiser(context.Background(), pool, e, true)
	if err != nil {
		t.Fatal(err)
	}
	l, err := loss.New[float32](c)
	if err != nil {
		t.Fatal(err)
	}
	obj := newObjective(Config{}, pool, standardiser, l, e, nil)
	obj.gradient(inOrder(e.Len()), &dropout{})
	const step = 1e-2
	at := func(j int, x float32) float64 {
		for o := range 3 {
			obj.params.output.Row(o)[j] = x
		}
		return meanLoss(t, obj.params.network(standardiser), e, c)
	}
	for j := range 3 {
		want := (at(j, step) - at(j, -step)) / (2 * step)
		at(j, 0)
		if got := float64(obj.grads.output.Row(2)[j]); math.Abs(got-want) > 2e-3*max(1, math.Abs(want)) {
			t.Errorf("column %d: the gradient is %g, by differences %g", j, got, want)
		}
	}
}
