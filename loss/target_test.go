package loss

import (
	"math"
	"testing"

	"finetune/invalid"
)

func near(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range want {
		ok = ok && math.Abs(got[i]-want[i]) <= 1e-12
	}
	if !ok {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestTargets(t *testing.T) {
	dst := []float64{9, 9, 9, 9}
	OneHot(dst, 2)
	near(t, "one-hot", dst, 0, 0, 1, 0)
	if err := Votes(dst, []float64{1, 0, 2, 5}); err != nil {
		t.Fatal(err)
	}
	near(t, "votes", dst, 0.125, 0, 0.25, 0.625)
	Binomial(dst, 0) // three trials at 1/8
	near(t, "binomial at the end", dst, 343./512, 147./512, 21./512, 1./512)
	Triangular(dst, 1, 0.5)
	near(t, "a triangle within the class", dst, 0, 1, 0, 0)
	Triangular(dst, 1, 1.5) // a neighbour's share of the area: half of (1/1.5)²
	near(t, "a triangle over the neighbours", dst, 2./9, 5./9, 2./9, 0)
	Triangular(dst, 0, 1.5)
	near(t, "a triangle cut off at the end", dst, 5./7, 2./7, 0, 0)
	Exponential(dst, 1, math.Inf(1), 1)
	near(t, "exponential, flat", dst, 0.25, 0.25, 0.25, 0.25)
	Exponential(dst, 1, 1/math.Ln2, 1)
	near(t, "exponential, halving", dst, 0.5/2.25, 1/2.25, 0.5/2.25, 0.25/2.25)
	Exponential(dst, 1, 1/math.Ln2, 2)
	near(t, "exponential, squared", dst, 0.5/2.0625, 1/2.0625, 0.5/2.0625, 0.0625/2.0625)
	Mix(dst, 0, 0)
	near(t, "no softening", dst, 1, 0, 0, 0)
	dst = []float64{0.25, 0.5, 0.25, 0}
	Mix(dst, 1, 0.4)
	near(t, "mixed", dst, 0.1, 0.8, 0.1, 0)
}

// TestSoftened: every softened label passes CheckTarget, has its mode at the label, decreases on both sides, and is
// symmetric under reversing the classes.
func TestSoftened(t *testing.T) {
	for _, k := range []int{2, 3, 8, 101, 1000} {
		for _, label := range []int{0, 1, k / 2, k - 1} {
			for name, soften := range map[string]func([]float32, int){
				"binomial":    Binomial[float32],
				"triangular":  func(d []float32, l int) { Triangular(d, l, 3) },
				"exponential": func(d []float32, l int) { Exponential(d, l, 1, 1.5) },
			} {
				dst, mirrored := make([]float32, k), make([]float32, k)
				soften(dst, label)
				soften(mirrored, k-1-label)
				if err := checkDistribution(dst, k); err != nil {
					t.Errorf("%s, K = %d, label %d: %v", name, k, label, err)
				}
				for j := range dst {
					if diff := dst[j] - mirrored[k-1-j]; diff > 1e-6 || diff < -1e-6 {
						t.Errorf("%s, K = %d, label %d: %v for class %d, mirrored %v", name, k, label, dst[j], j, mirrored[k-1-j])
					}
					if j > 0 && (j <= label) != (dst[j] >= dst[j-1]) && dst[j] != dst[j-1] {
						t.Errorf("%s, K = %d, label %d: not unimodal at class %d", name, k, label, j)
					}
				}
			}
		}
	}
}

func TestVotesInvalid(t *testing.T) {
	for _, votes := range [][]float64{{0, 0}, {1, -1}, {math.NaN(), 1}, {math.Inf(1), 1},
		{math.MaxFloat64, math.MaxFloat64}} {
		if err := Votes(make([]float32, 2), votes); !invalid.Is(err) {
			t.Errorf("votes %v: error %v", votes, err)
		}
	}
}

func TestCheckTarget(t *testing.T) {
	l := mustNew[float32](t, Config{Name: EMD2, Classes: 3})
	third := float32(1) / 3
	for _, ok := range [][]float32{{1, 0, 0}, {0.2, 0.3, 0.5}, {third, third, third}} {
		if err := l.CheckTarget(ok); err != nil {
			t.Errorf("%v: %v", ok, err)
		}
	}
	nan := float32(math.NaN())
	for _, bad := range [][]float32{{1, 0}, {1, 0, 0, 0}, {0, 0, 0}, {2, 0, -1}, {3, 5, 2}, {nan, 0, 1},
		{0.33, 0.33, 0.33}} {
		if err := l.CheckTarget(bad); !invalid.Is(err) {
			t.Errorf("%v: error %v", bad, err)
		}
	}
}

func TestClassWeights(t *testing.T) {
	w := BalancedWeights([]float64{6, 0, 3, 1})
	near(t, "balanced", w, 10./18, 0, 10./9, 10./3)
	if got := SampleWeight([]float64{0.5, 0, 0.5, 0}, w); math.Abs(got-(10./18+10./9)/2) > 1e-15 {
		t.Errorf("weight of a soft target: %v", got)
	}
	near(t, "no samples", BalancedWeights([]float64{0, 0}), 0, 0)
}
