//go:build unix

package head

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// BenchmarkEpoch times one pass over shuffled examples with EMD², on as many threads as -cpu. A linear head takes
// steps of SGD with momentum, one with a hidden layer of AdamW, as is their default. GB/s is for one reading of the
// features, GFLOP/s for the products of forward and backward, both of the fastest epoch. least-cpu-ms is the least
// processor time of an epoch, for a machine with other work; on several threads it has their waiting for each other.
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
			seconds, processor := math.Inf(1), math.Inf(1)
			for b.Loop() {
				start, before := time.Now(), processorTime()
				if _, err := steps.epoch(context.Background(), 1); err != nil {
					b.Fatal(err)
				}
				seconds = min(seconds, time.Since(start).Seconds())
				processor = min(processor, (processorTime() - before).Seconds())
			}
			weights := o.params.weights + size.hidden*size.classes // a second layer takes one product more
			b.ReportMetric(1000*seconds, "fastest-ms")
			b.ReportMetric(1000*processor, "least-cpu-ms")
			b.ReportMetric(float64(4*size.n*size.cols)/seconds/1e9, "GB/s")
			b.ReportMetric(float64(4*size.n*weights)/seconds/1e9, "GFLOP/s")
		})
	}
}

// BenchmarkRead reads 410 MB of features, rows of 8 KB, for a product with one column: what an epoch can't be faster than.
func BenchmarkRead(b *testing.B) {
	const n, cols, some = 50000, 2048, 512
	e := noise(n, cols, 2)
	for _, order := range []string{"in order", "shuffled"} {
		b.Run(order, func(b *testing.B) {
			pool := dense.NewPool(runtime.GOMAXPROCS(0))
			defer pool.Close()
			index := inOrder(n)
			if order == "shuffled" {
				r := rand.New(rand.NewPCG(1, 1))
				r.Shuffle(n, func(i, j int) { index[i], index[j] = index[j], index[i] })
			}
			column := pool.NewPacked(1, cols)
			sums := dense.Wrap(some, 1, make([]float32, some))
			seconds := math.Inf(1)
			for b.Loop() {
				start := time.Now()
				for first := 0; first < n; first += some {
					rows := dense.Rows{Data: e.Features.Data, Cols: cols, Stride: cols, Index: index[first:min(first+some, n)], Shift: make([]float32, cols)}
					pool.MulRowsBt(sums.Slice(0, 0, len(rows.Index), 1), rows, column)
				}
				seconds = min(seconds, time.Since(start).Seconds())
			}
			b.ReportMetric(1000*seconds, "fastest-ms")
			b.ReportMetric(4*n*cols/seconds/1e9, "GB/s")
		})
	}
}

// processorTime is what this process has used of all processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
