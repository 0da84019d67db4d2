package loss

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkMean measures a batch of 256 rows, value and gradient, and reports the time of one row.
func BenchmarkMean(b *testing.B) {
	for _, name := range Names() {
		for _, k := range []int{2, 8, 101, 1000} {
			b.Run(fmt.Sprintf("%s/K=%d/float32", name, k), func(b *testing.B) {
				benchmarkMean[float32](b, Config{Name: name, Classes: k}, oneHotTargets[float32])
			})
		}
	}
	b.Run("emd2/K=8/float64", func(b *testing.B) {
		benchmarkMean[float64](b, Config{Name: EMD2, Classes: 8}, oneHotTargets[float64])
	})
	for _, k := range []int{8, 101} {
		b.Run(fmt.Sprintf("emd2-matrix/K=%d/float32", k), func(b *testing.B) {
			d := Ordered().Distances(k)
			benchmarkMean[float32](b, Config{Name: EMD2, Classes: k, Ground: Matrix(d), Omega: 2, Mu: 0.25},
				oneHotTargets[float32])
		})
		b.Run(fmt.Sprintf("sinkhorn-soft/K=%d/float32", k), func(b *testing.B) {
			benchmarkMean[float32](b, Config{Name: Sinkhorn, Classes: k}, softTargets[float32])
		})
	}
}

func benchmarkMean[T Float](b *testing.B, cfg Config, fill func(*rand.Rand, []T)) {
	const rows = 256
	l := mustNew[T](b, cfg)
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]T, rows*l.Outputs())
	for i := range logits {
		logits[i] = T(2 * rng.NormFloat64())
	}
	targets := make([]T, rows*cfg.Classes)
	for i := range rows {
		fill(rng, targets[i*cfg.Classes:(i+1)*cfg.Classes])
	}
	grad := make([]T, len(logits))
	ws := NewWorkspace(l)
	b.ReportAllocs()
	for b.Loop() {
		Mean(l, logits, targets, nil, grad, ws)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

func oneHotTargets[T Float](rng *rand.Rand, t []T) { OneHot(t, rng.IntN(len(t))) }

func softTargets[T Float](rng *rand.Rand, t []T) {
	votes := make([]float64, len(t))
	for i := range votes {
		votes[i] = rng.ExpFloat64()
	}
	if err := Votes(t, votes); err != nil {
		panic(err)
	}
}
