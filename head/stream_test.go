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

// A batchCase is a batch for a linear head, which comes to the same whatever way it takes through the network.
type batchCase struct {
	n, items, cols, classes, views int
	offset                         float32 // added to every feature, whose deviation is 1
	loss                           string
	seed                           uint64
	drop                           float64 // the probability of dropout
}

// trainer returns one with random weights, and a batch.
func (c batchCase) trainer(t *testing.T, pool *dense.Pool) (*trainer, []int) {
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
	s, err := learnScaling(context.Background(), pool, e, false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := loss.New[float32](loss.Config{Name: c.loss, Classes: c.classes})
	if err != nil {
		t.Fatal(err)
	}
	tr := newTrainer(Config{}, pool, s, l, e)
	for i := range tr.params.all {
		tr.params.all[i] = r.Float32() - 0.5
	}
	if l.SharedWeights() {
		for o := range l.Outputs() {
			copy(tr.params.output.Row(o), tr.params.output.Row(0))
		}
	}
	tr.weights, tr.totalWeight = exampleWeights(e, nil)
	for i := range tr.views {
		tr.views[i] = r.IntN(c.views)
	}
	batch := make([]int, c.n)
	for i := range batch {
		batch[i] = r.IntN(c.items)
	}
	return tr, batch
}

// gradient is that of the batch, with the loss as its last element.
func (c batchCase) gradient(t *testing.T, workers int, change func(p *pass)) []float32 {
	t.Helper()
	pool := dense.NewPool(workers)
	defer pool.Close()
	tr, batch := c.trainer(t, pool)
	change(tr.pass)
	drop := newDropout(c.drop, c.seed, 1)
	tr.gradient(batch[:(c.n+2)/3], &drop) // so that the batch isn't the first of its epoch
	value := tr.gradient(batch, &drop)
	return append(slices.Clone(tr.grads.all), float32(value/float64(c.n)))
}

// check compares the ways through the network with the plainest one, which copies, scales and multiplies row by row.
func (c batchCase) check(t *testing.T) {
	t.Helper()
	want := c.gradient(t, 1, func(p *pass) { p.direct.params, p.stream = nil, nil })
	for name, change := range map[string]func(p *pass){
		"in place": func(p *pass) { p.stream = nil },
		"stream":   func(*pass) {},
	} {
		got := c.gradient(t, 1, change)
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
			if again := c.gradient(t, workers, change); !slices.Equal(again, got) {
				t.Fatalf("%+v, %s: %d workers give other bits than one", c, name, workers)
			}
		}
	}
}

func TestStream(t *testing.T) {
	for _, c := range []batchCase{
		{n: 1, items: 2, cols: 1, classes: 2, views: 1, loss: loss.CrossEntropy},
		{n: 31, items: 40, cols: 20, classes: 3, views: 2, loss: loss.EMD2},
		{n: 256, items: 300, cols: 200, classes: 8, views: 1, loss: loss.EMD2},
		{n: 257, items: 200, cols: 70, classes: 16, views: 3, loss: loss.XEMD2},
		{n: 256, items: 300, cols: 600, classes: 17, views: 1, loss: loss.EMD2},
		{n: mostSegments*streamRows + 1, items: 100, cols: 49, classes: 5, views: 1, loss: loss.CORN},
		{n: 300, items: 100, cols: 96, classes: 6, views: 1, loss: loss.CORAL},
		{n: 300, items: 100, cols: 96, classes: 6, views: 1, loss: loss.L2},
		{n: 100, items: 100, cols: 50, classes: 4, views: 1, loss: loss.EMD2, offset: 1e5}, // of which the product would lose 16 bits
		{n: 1, items: 2, cols: 1, classes: 2, views: 1, loss: loss.CrossEntropy, drop: 0.3},
		{n: 257, items: 200, cols: 200, classes: 8, views: 2, loss: loss.EMD2, drop: 0.3},
		{n: 70, items: 20, cols: 4200, classes: 3, views: 1, loss: loss.EMD2, drop: 0.5}, // fewer rows at once
		{n: 70, items: 20, cols: 4200, classes: 3, views: 1, loss: loss.EMD2},
		{n: 300, items: 100, cols: 96, classes: 17, views: 1, loss: loss.EMD2, drop: 0.9},
	} {
		c.check(t)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(uint64(1), uint16(256), uint16(64), uint8(8), uint8(1), uint16(0), uint8(0))
	f.Add(uint64(2), uint16(33), uint16(130), uint8(17), uint8(2), uint16(1000), uint8(90))
	f.Fuzz(func(t *testing.T, seed uint64, n, cols uint16, classes, views uint8, offset uint16, drop uint8) {
		batchCase{
			n: 1 + int(n%700), items: 1 + int(seed%300), cols: 1 + int(cols%300), classes: 2 + int(classes%20), views: 1 + int(views%3),
			offset: float32(offset), loss: loss.EMD2, seed: seed, drop: float64(drop%100) / 100,
		}.check(t)
	})
}
