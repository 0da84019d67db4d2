package metrics

import (
	"math"
	"testing"
)

func TestReliability(t *testing.T) {
	// Two items of confidence 0.62 and 0.64, one of them right, and one of 1: the 10th and the last of 15 bins.
	in := Input{Space: space(t, 2, nil), Labels: []int{0, 1, 1},
		Probabilities: []float64{0.62, 0.38, 0.64, 0.36, 0, 1}}
	bins := mustEvaluate(t, in).Reliability
	if len(bins) != 15 {
		t.Fatalf("%d bins", len(bins))
	}
	for i, want := range map[int]Bin{9: {9. / 15, 10. / 15, 2, 0.63, 0.5, [2]Number{}},
		14: {14. / 15, 1, 1, 1, 1, [2]Number{}}} {
		if got := bins[i]; got.N != want.N || got.Low != want.Low || got.High != want.High ||
			math.Abs(float64(got.Confidence-want.Confidence)) > 1e-12 || got.Accuracy != want.Accuracy {
			t.Errorf("bin %d: %+v, want %+v", i, got, want)
		}
	}
	if b := bins[0]; b.N != 0 || b.Confidence.Defined() || b.Accuracy.Defined() {
		t.Errorf("an empty bin: %+v", b)
	}
}

// The mean gap of the curve is the ECE, by definition.
func TestReliabilityAgreesWithECE(t *testing.T) {
	r := mustEvaluate(t, forecast(t, 400, 5, 4, 3))
	n, gap := 0, 0.0
	for _, b := range r.Reliability {
		n += b.N
		if b.N > 0 {
			gap += float64(b.N) * math.Abs(float64(b.Confidence-b.Accuracy))
		}
	}
	if n != r.N || math.Abs(gap/float64(n)-float64(r.ECE)) > 1e-12 {
		t.Errorf("%d items with a mean gap of %v; the report says %d and %v", n, gap/float64(n), r.N, r.ECE)
	}
}

// The values are those of scipy 1.17.1, stats.binomtest(right, n).proportion_ci(method="Wilson").
func TestWilson(t *testing.T) {
	for _, c := range []struct{ right, n, low, high float64 }{
		{0, 10, 0, 0.277533}, {1, 10, 0.017876, 0.404150}, {5, 10, 0.236593, 0.763407}, {10, 10, 0.722467, 1},
	} {
		got := Wilson(c.right, c.n)
		if math.Abs(float64(got[0])-c.low) > 1e-5 || math.Abs(float64(got[1])-c.high) > 1e-5 {
			t.Errorf("%v of %v: %v, want %v to %v", c.right, c.n, got, c.low, c.high)
		}
	}
	if got := Wilson(0, 0); got[0].Defined() || got[1].Defined() {
		t.Errorf("of none: %v", got)
	}
}
