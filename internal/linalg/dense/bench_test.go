package dense

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"finetune/internal/linalg/kernel"
)

// BenchmarkProduct times the products of training on one worker: batches of features with K = 8 classes or 256
// hidden units. Each kernel takes turns with gonum's product, so that both see the same machine.
func BenchmarkProduct(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][3]int{
		{64, 8, 1280}, {256, 8, 1280}, {256, 8, 2048}, {256, 8, 11520}, {256, 256, 1280}, {256, 256, 2048}, {256, 256, 11520}, {256, 101, 2048},
	} {
		rows, units, depth := shape[0], shape[1], shape[2]
		x, w, z := random(r, rows, depth), random(r, units, depth), random(r, rows, units)
		for i := range z.Data {
			z.Data[i] *= 1e-3 // so that the weights don't run away
		}
		forward := func(p *Pool) { p.MulABt(z, x, w) }
		gradient := func(p *Pool) { p.AddAtB(w, z, x) }
		back := func(p *Pool) { p.MulAB(x, z, w) }
		var g gonum.Implementation
		for _, product := range []struct {
			name  string
			run   func(p *Pool)
			gonum func()
		}{
			{"forward", forward, func() {
				g.Sgemm(blas.NoTrans, blas.Trans, rows, units, depth, 1, x.Data, x.Stride, w.Data, w.Stride, 0, z.Data, z.Stride)
			}},
			{"gradient", gradient, func() {
				g.Sgemm(blas.Trans, blas.NoTrans, units, depth, rows, 1, z.Data, z.Stride, x.Data, x.Stride, 1, w.Data, w.Stride)
			}},
			{"back", back, func() {
				g.Sgemm(blas.NoTrans, blas.NoTrans, rows, depth, units, 1, z.Data, z.Stride, w.Data, w.Stride, 0, x.Data, x.Stride)
			}},
		} {
			for _, k := range kernel.All() {
				b.Run(fmt.Sprintf("%s/%dx%dx%d/%s", product.name, rows, units, depth, k.Name), func(b *testing.B) {
					p := newPool(1, &k)
					defer p.Close()
					var ours, theirs time.Duration
					n := 0
					for b.Loop() {
						start := time.Now()
						product.gonum()
						theirs += time.Since(start)
						start = time.Now()
						product.run(p)
						ours += time.Since(start)
						n++
					}
					flops := 2 * float64(rows) * float64(units) * float64(depth) * float64(n)
					b.ReportMetric(0, "ns/op") // of both together
					b.ReportMetric(flops/ours.Seconds()/1e9, "GFLOP/s")
					b.ReportMetric(flops/theirs.Seconds()/1e9, "gonum-GFLOP/s")
					b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-gonum")
				})
			}
		}
	}
}
