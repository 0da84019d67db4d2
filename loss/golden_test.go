package loss

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

// golden is testdata/losses.json: values and gradients per sample from PyTorch autograd in float64.
type golden struct {
	Cases []struct {
		Classes        int
		Logits, Target [][]float64
		GroundDistance [][]float64 `json:"ground_distance"`
		Positions      []float64
		Omega, Mu      float64
		Lambda         float64
		Losses         map[string]struct {
			Value  []float64
			Grad   [][]float64 `json:"grad_logits"`
			Gamma  float64
			Target [][]float64 // smoothed, of sinkhorn
		}
	}
	SelfGuided []struct {
		Classes          int
		Features         [][]float64
		Labels           []int
		CentroidDistance [][]float64 `json:"centroid_distance"`
		GroundDistance   [][]float64 `json:"ground_distance"`
	} `json:"self_guided"`
}

func readJSON[V any](t testing.TB, path string) (v V) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func TestGolden(t *testing.T) {
	seen := 0
	for n, c := range readJSON[golden](t, "testdata/losses.json").Cases {
		matrix, positions := Matrix(slices.Concat(c.GroundDistance...)), Positions(c.Positions)
		for name, want := range c.Losses {
			config := map[string]Config{
				"cross-entropy":         {},
				"emd2":                  {Name: EMD2},
				"emd2-positions":        {Name: EMD2, Ground: positions},
				"emd2-matrix":           {Name: EMD2, Ground: matrix, Omega: c.Omega, Mu: c.Mu},
				"xe+lambda*emd2":        {Name: XEMD2, Lambda: c.Lambda},
				"xe+lambda*emd2-matrix": {Name: XEMD2, Lambda: c.Lambda, Ground: matrix, Omega: c.Omega, Mu: c.Mu},
				"emd-r1":                {Name: EMD, Exponent: 1},
				"emd-r2":                {Name: EMD, Exponent: 2},
				"sinkhorn":              {Name: Sinkhorn, Ground: matrix, Gamma: want.Gamma},
			}
			cfg, ok := config[name]
			if !ok {
				t.Fatalf("no loss for the golden values of %q", name)
			}
			cfg.Classes = c.Classes
			targets := c.Target
			if want.Target != nil {
				targets = want.Target
			}
			t.Run(fmt.Sprintf("%d/K=%d/%s", n, c.Classes, name), func(t *testing.T) {
				for i := range c.Logits {
					compareSample[float64](t, cfg, c.Logits[i], targets[i], want.Value[i], want.Grad[i], 1e-10)
					compareSample[float32](t, cfg, c.Logits[i], targets[i], want.Value[i], want.Grad[i], 1e-4)
					seen++
				}
			})
		}
	}
	if seen < 300 {
		t.Errorf("only %d golden samples were compared", seen)
	}
}

// compareSample checks one sample in the element type T. The tolerance is relative to the value, and for the
// gradient to its largest entry, as its entries are differences of numbers of that size in the reference. Where
// softmax is saturated even the largest entry is a difference of numbers near one that the reference took in
// float64: below 1e-15 it has no correct digit (TestExact compares such samples with 60-digit arithmetic).
func compareSample[T Float](t *testing.T, cfg Config, logits, target []float64, value float64, grad []float64,
	tol float64) {
	t.Helper()
	l := mustNew[T](t, cfg)
	got := make([]T, len(logits))
	v := l.Sample(convert[T](logits), convert[T](target), got, NewWorkspace(l))
	if diff := math.Abs(float64(v) - value); !(diff <= tol*math.Abs(value)) {
		t.Errorf("%T: value %.17g, want %.17g (off by %.2g relative)", v, v, value, diff/math.Abs(value))
	}
	var largest float64
	for _, g := range grad {
		largest = max(largest, math.Abs(g))
	}
	for i, g := range grad {
		if diff := math.Abs(float64(got[i]) - g); !(diff <= tol*largest+1e-15) {
			t.Errorf("%T: gradient %d is %.17g, want %.17g (off by %.2g of the largest)", v, i, got[i], g, diff/largest)
		}
	}
}

func mustNew[T Float](t testing.TB, cfg Config) Loss[T] {
	t.Helper()
	l, err := New[T](cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func convert[T Float](x []float64) []T {
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(v)
	}
	return y
}
