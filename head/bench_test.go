package head

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// BenchmarkEpoch times one pass over shuffled examples with EMD², on as many threads as -cpu. A linear head takes
// steps of SGD with momentum, one with a hidden layer of AdamW, as is their default. GB/s is for one reading of the
// features, GFLOP/s for the products of forward and backward, both of the fastest epoch.
func BenchmarkEpoch(b *testing.B) {
	for _, size := range []struct {
		n, cols, classes, hidden, batch int
		dropout                         float64
	}{
		{50000, 2048, 8, 0, 256, 0}, {50000, 2048, 8, 0, 50000, 0}, {50000, 2048, 8, 0, 256, 0.3},
		{50000, 2048, 2, 0, 256, 0}, {50000, 2048, 10, 0, 256, 0}, {50000, 2048, 101, 0, 256, 0},
		{50000, 512, 8, 0, 256, 0}, {50000, 1280, 8, 0, 256, 0},
		{3000, 11520, 8, 0, 256, 0}, {3000, 11520, 8, 0, 256, 0.3}, {3000, 11520, 8, 0, 64, 0.3},
		{3750, 11520, 8, 256, 256, 0.5}, {3000, 1280, 8, 256, 256, 0.5},
	} {
		name := fmt.Sprintf("n=%d/d=%d/k=%d/hidden=%d/batch=%d/dropout=%g", size.n, size.cols, size.classes, size.hidden,
			size.batch, size.dropout)
		b.Run(name, func(b *testing.B) {
			e := noise(size.n, size.cols, size.classes)
			c := Config{Loss: loss.Config{Name: loss.EMD2, Classes: size.classes}, Hidden: size.hidden, BatchSize: size.batch,
				Momentum: Auto, WeightDecay: Auto, Dropout: size.dropout}
			c = open(c).Resolved(size.cols, size.n)
			l, err := loss.New[float32](c.Loss)
			if err != nil {
				b.Fatal(err)
			}
			pool := dense.NewPool(runtime.GOMAXPROCS(0))
			defer pool.Close()
			standardiser, err := newStandardiser(context.Background(), pool, e, false)
			if err != nil {
				b.Fatal(err)
			}
			o := newObjective(c, pool, standardiser, l, e, nil)
			steps := newOptimiser(&fit{objective: o}).(*firstOrder)
			seconds := math.Inf(1)
			for b.Loop() {
				start := time.Now()
				if _, err := steps.epoch(context.Background(), 1); err != nil {
					b.Fatal(err)
				}
				seconds = min(seconds, time.Since(start).Seconds())
			}
			weights := o.params.weights + size.hidden*size.classes // a second layer takes one product more
			b.ReportMetric(1000*seconds, "fastest-ms")
			b.ReportMetric(float64(4*size.n*size.cols)/seconds/1e9, "GB/s")
			b.ReportMetric(float64(4*size.n*weights)/seconds/1e9, "GFLOP/s")
		})
	}
}

// noise returns examples with random features and labels.
func noise(n, cols, classes int) Examples {
	r := rand.New(rand.NewPCG(1, 1))
	e := Examples{Features: Features{Rows: n, Cols: cols, Data: make([]float32, n*cols)},
		Targets: make([]float32, n*classes)}
	for i := range e.Features.Data {
		e.Features.Data[i] = r.Float32()
	}
	for i := range n {
		e.Targets[i*classes+r.IntN(classes)] = 1
	}
	return e
}
