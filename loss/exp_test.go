package loss

import (
	"math"
	"math/rand/v2"
	"testing"
)

func BenchmarkExp(b *testing.B) {
	for _, f := range []struct {
		name string
		exp  func(float64) float64
	}{{"expNegative", expNegative}, {"math", math.Exp}} {
		b.Run(f.name, func(b *testing.B) {
			var sum float64
			for b.Loop() {
				for i := range 8 {
					sum += f.exp(-0.7 * float64(i))
				}
			}
			if sum < 0 {
				b.Fatal(sum)
			}
		})
	}
}

// TestExpNegative compares, to two units in the last place, with math.Exp over the whole range, at its ends and where
// the table's cells meet.
func TestExpNegative(t *testing.T) {
	check := func(x float64) {
		t.Helper()
		got, want := expNegative(x), math.Exp(x)
		if diff := math.Abs(got - want); !(diff <= 4.5e-16*want) && got != want {
			t.Errorf("exp(%v) = %v, want %v (off by %.2g relative)", x, got, want, diff/want)
		}
	}
	for _, x := range []float64{0, math.Copysign(0, -1), -5e-324, -1e-300, -1e-16, -1e-8, -1, -707.9999, -708, -745,
		-746, -1e4, -math.MaxFloat64, math.Inf(-1), 1, 700} {
		check(x)
	}
	for n := -708 * expSize; n < 0; n++ {
		edge := (float64(n) + 0.5) * math.Ln2 / expSize
		check(edge)
		check(math.Nextafter(edge, 0))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		check(-708 * rng.Float64())
		check(-rng.ExpFloat64())
	}
	if x := expNegative(math.NaN()); !math.IsNaN(x) {
		t.Errorf("exp(NaN) = %v", x)
	}
}
