package backbone

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// BenchmarkFeatures measures a network of one's own: FINETUNE_BENCH_MODEL names the file (three channels, 224 × 224
// where it leaves the size open). Callers are goroutines that share the network.
func BenchmarkFeatures(b *testing.B) {
	path := os.Getenv("FINETUNE_BENCH_MODEL")
	if path == "" {
		b.Skip("FINETUNE_BENCH_MODEL names no network")
	}
	for _, c := range []struct{ threads, callers int }{{1, 1}, {2, 1}, {1, 2}} {
		for _, batch := range []int{1, 4, 8, 16, 32} {
			b.Run(fmt.Sprintf("threads=%d/callers=%d/batch=%d", c.threads, c.callers, batch), func(b *testing.B) {
				benchmarkFeatures(b, path, c.callers, Options{Threads: c.threads, MaxBatch: batch})
			})
		}
	}
}

func benchmarkFeatures(b *testing.B, path string, callers int, o Options) {
	net := openPath(b, path, o)
	side := net.Input().Height
	if side == 0 {
		side = probeSide
	}
	const images = 32
	in := make([]float32, images*3*side*side)
	for i := range in {
		in[i] = float32(i%251)/125 - 1
	}
	for b.Loop() {
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				if err := net.Features(b.Context(), in, images, make([]float32, images*net.Dim())); err != nil {
					b.Error(err)
				}
			})
		}
		group.Wait()
	}
	b.ReportMetric(float64(images*callers*b.N)/b.Elapsed().Seconds(), "images/s")
}
