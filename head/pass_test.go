package head

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// A batchCase is a batch for a linear head, which has the same gradient by every pass.
type batchCase struct {
	n, items, cols, classes, views int
	offset                         float32 // added to every feature, whose deviation is 1
	loss                           string
	seed                           uint64
	drop                           float64 // the probability of dropout
}

// objective returns one with random weights, and a batch.
func (c batchCase) objective(t *testing.T, pool *dense.Pool) (*objective, []int) {
	t.Helper()
	r := rand.New(rand.NewPCG(c.seed, 1))
	e := Examples{Views: c.views, Features: Features{Rows: c.items * c.views, Cols: c.cols}}
	for range e.Features.Rows * c.cols {
		e.Features.Data = append(e.Features.Data, c.offset+float32(r.NormFloat64()))
	}
	for range c.items {
		target, total := make([]float32, c.classes), float32(0)
		for k := range target {
			target[k] = r.Float32()
			total += target[k]
		}
		for k := range target {
			target[k] /= total
		}
		e.Targets = append(e.Targets, target...)
		e.Weights = append(e.Weights, float32(r.IntN(3)))
	}
	e.Weights[0] = 1
	s, err := newStandardiser(context.Background(), pool, e, false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := loss.New[float32](loss.Config{Name: c.loss, Classes: c.classes})
	if err != nil {
		t.Fatal(err)
	}
	o := newObjective(Config{}, pool, s, l, e, nil)
	for i := range o.params.all {
		o.params.all[i] = r.Float32() - 0.5
	}
	if l.SharedWeights() {
		for r := range l.Outputs() {
			copy(o.params.output.Row(r), o.params.output.Row(0))
		}
	}
	for i := range o.views {
		o.views[i] = r.IntN(c.views)
	}
	batch := make([]int, c.n)
	for i := range batch {
		batch[i] = r.IntN(c.items)
	}
	return o, batch
}

// gradient returns the gradient of the batch, with its loss as the last element.
func (c batchCase) gradient(t *testing.T, workers int, choose func(o *objective) pass) []float32 {
	t.Helper()
	pool := dense.NewPool(workers)
	defer pool.Close()
	o, batch := c.objective(t, pool)
	o.pass = choose(o)
	o.setLoss(o.loss)
	drop := newDropout(c.drop, c.seed, 1)
	o.gradient(batch[:(c.n+2)/3], &drop) // so that the batch isn't the first of its epoch
	value := o.gradient(batch, &drop)
	return append(slices.Clone(o.grads.all), float32(value/float64(c.n)))
}

// check compares the passes with the plainest one, which copies, standardises and multiplies the rows of a chunk.
func (c batchCase) check(t *testing.T) {
	t.Helper()
	copied := func(o *objective) pass {
		l := newCopiedLayers(o.pool, o.params, o.standardiser)
		return newChunkedPass(o.pool, o.params, l, l)
	}
	inPlace := func(o *objective) pass {
		if c.drop > 0 {
			return copied(o)
		}
		l := newInPlaceLayer(o.pool, o.params, o.standardiser)
		return newChunkedPass(o.pool, o.params, l, l)
	}
	streamed := func(o *objective) pass {
		return newStreamedPass(o.pool, o.params, newInPlaceLayer(o.pool, o.params, o.standardiser))
	}
	chosen := func(o *objective) pass { return newPass(o.pool, o.params, o.standardiser, c.drop) }
	want := c.gradient(t, 1, copied)
	for name, choose := range map[string]func(o *objective) pass{"in place": inPlace, "streamed": streamed,
		"chosen": chosen} {
		got := c.gradient(t, 1, choose)
		var most float64
		for _, v := range want {
			most = max(most, math.Abs(float64(v)))
		}
		for i, v := range want {
			if d := math.Abs(float64(got[i] - v)); !(d <= 2e-5*max(most, 1e-3)) {
				t.Fatalf("%+v, %s: element %d of the gradient is %g, want %g", c, name, i, got[i], v)
			}
		}
		for _, workers := range []int{2, 5} {
			if again := c.gradient(t, workers, choose); !slices.Equal(again, got) {
				t.Fatalf("%+v, %s: %d workers give other bits than one", c, name, workers)
			}
		}
	}
}

func TestPasses(t *testing.T) {
	for _, c := range []batchCase{
		{n: 1, items: 2, cols: 1, classes: 2, views: 1, loss: loss.CrossEntropy},
		{n: 31, items: 40, cols: 20, classes: 3, views: 2, loss: loss.EMD2},
		{n: 256, items: 300, cols: 200, classes: 8, views: 1, loss: loss.EMD2},
		{n: 257, items: 200, cols: 70, classes: 16, views: 3, loss: loss.XEMD2},
		{n: 256, items: 300, cols: 600, classes: 17, views: 1, loss: loss.EMD2},
		{n: maxSegments*streamRows + 1, items: 100, cols: 49, classes: 5, views: 1, loss: loss.CORN},
		{n: 300, items: 100, cols: 96, classes: 6, views: 1, loss: loss.CORAL},
		{n: 300, items: 100, cols: 96, classes: 6, views: 1, loss: loss.L2},
		// a product of uncentred rows would lose 16 bits
		{n: 100, items: 100, cols: 50, classes: 4, views: 1, loss: loss.EMD2, offset: 1e5},
		{n: 1, items: 2, cols: 1, classes: 2, views: 1, loss: loss.CrossEntropy, drop: 0.3},
		{n: 257, items: 200, cols: 200, classes: 8, views: 2, loss: loss.EMD2, drop: 0.3},
		{n: 70, items: 20, cols: 4200, classes: 3, views: 1, loss: loss.EMD2, drop: 0.5}, // fewer rows together
		{n: 70, items: 20, cols: 4200, classes: 3, views: 1, loss: loss.EMD2},
		{n: 300, items: 100, cols: 96, classes: 17, views: 1, loss: loss.EMD2, drop: 0.9},
	} {
		c.check(t)
	}
}

func FuzzPasses(f *testing.F) {
	f.Add(uint64(1), uint16(256), uint16(64), uint8(8), uint8(1), uint16(0), uint8(0))
	f.Add(uint64(2), uint16(33), uint16(130), uint8(17), uint8(2), uint16(1000), uint8(90))
	f.Fuzz(func(t *testing.T, seed uint64, n, cols uint16, classes, views uint8, offset uint16, drop uint8) {
		batchCase{
			n: 1 + int(n%700), items: 1 + int(seed%300), cols: 1 + int(cols%300), classes: 2 + int(classes%20),
			views:  1 + int(views%3),
			offset: float32(offset), loss: loss.EMD2, seed: seed, drop: float64(drop%100) / 100,
		}.check(t)
	})
}
