package head

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"finetune/internal/dense"
	"finetune/loss"
)

// BenchmarkEpoch times one pass over shuffled examples: EMD², 8 classes, batch 256, SGD with momentum, two threads.
func BenchmarkEpoch(b *testing.B) {
	for _, size := range []struct{ n, cols, hidden int }{{3000, 1280, 0}, {50000, 2048, 0}, {3000, 1280, 256}} {
		b.Run(fmt.Sprintf("n=%d/d=%d/hidden=%d", size.n, size.cols, size.hidden), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			e := Examples{Features: Features{Rows: size.n, Cols: size.cols, Data: make([]float32, size.n*size.cols)}}
			for i := range e.Features.Data {
				e.Features.Data[i] = r.Float32()
			}
			labels := make([]int, size.n)
			for i := range labels {
				labels[i] = r.IntN(8)
			}
			var err error
			if e.Targets, err = OneHot(labels, 8); err != nil {
				b.Fatal(err)
			}
			c := Config{Loss: loss.Config{Name: loss.EMD2, Classes: 8}, Hidden: size.hidden, Optimizer: SGD, Momentum: 0.9}.Resolved(size.cols, size.n)
			l, err := loss.New[float32](c.Loss)
			if err != nil {
				b.Fatal(err)
			}
			pool := dense.NewPool(2)
			defer pool.Close()
			scaling, err := learnScaling(context.Background(), pool, e, false)
			if err != nil {
				b.Fatal(err)
			}
			t := newTrainer(c, pool, scaling, l, e)
			t.weights, t.totalWeight = exampleWeights(e, nil)
			steps := newBatches(t, t.newRule())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := steps.epoch(context.Background(), 1); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/epoch")
		})
	}
}
