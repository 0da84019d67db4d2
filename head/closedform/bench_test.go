package closedform

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"finetune/loss"
)

// BenchmarkFit takes the sizes that docs/closed-form.md reports. The last one needs 8 GB of memory.
func BenchmarkFit(b *testing.B) {
	for _, size := range [][2]int{{2400, 11520}, {3750, 11520}, {100_000, 1280}, {1_000_000, 1280}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			p := large(size[0], size[1], 8)
			for b.Loop() {
				r, err := Fit(context.Background(), p, Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(r.NestedRPS, "rps")
				b.ReportMetric(r.Lambda, "λ")
			}
		})
	}
}

// large is made with noise that repeats itself, which takes no time to draw.
func large(n, cols, classes int) Problem {
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]float32, 1<<16)
	for i := range noise {
		noise[i] = float32(r.NormFloat64())
	}
	signal := make([]float32, cols)
	for j := range signal {
		signal[j] = float32(math.Sin(float64(j))) / 40
	}
	p := Problem{Cols: cols, Loss: loss.Config{Name: loss.XEMD2, Classes: classes}}
	p.Data, p.Targets = make([]float32, n*cols), make([]float32, n*classes)
	for i := range n {
		label := r.IntN(classes)
		p.Targets[i*classes+label] = 1
		row := p.Data[i*cols : (i+1)*cols]
		for j := 0; j < cols; j += 64 {
			part := row[j:min(j+64, cols)]
			from := noise[r.IntN(len(noise)-64):]
			for k := range part {
				part[k] = from[k] + float32(label)*signal[j+k]
			}
		}
	}
	return p
}
