package label

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		p    []float64
		want int
	}{
		{[]float64{1}, 0},
		{[]float64{0, 0, 1}, 2},
		{[]float64{0.5, 0.5}, 0},
		{[]float64{0.4, 0.2, 0.4}, 1},
		{[]float64{1. / 12, 4. / 12, 1. / 12, 1. / 12, 5. / 12}, 2}, // 6 of 12 votes, which add up to 0.49999999999999994
		{[]float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.5}, 4},
		{[]float64{3, 1, 1}, 0},
		{[]float64{math.NaN(), 0.5, 0.5}, 2},
	} {
		if got := Median(c.p); got != c.want {
			t.Errorf("Median(%v) = %d, want %d", c.p, got, c.want)
		}
	}
}

// TestMedianIsNearest holds the median against what it promises: no class is nearer on average.
func TestMedianIsNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		p := make([]float32, 1+r.IntN(7))
		for k := range p {
			p[k] = r.Float32() * r.Float32()
		}
		expected := func(class int) (sum float64) {
			for k, v := range p {
				sum += float64(v) * math.Abs(float64(k-class))
			}
			return sum
		}
		m := Median(p)
		for class := range p {
			if expected(class) < expected(m)-1e-9 {
				t.Fatalf("Median(%v) = %d, but %d is nearer", p, m, class)
			}
		}
	}
}
