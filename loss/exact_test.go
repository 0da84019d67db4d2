package loss

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestExact compares with 60-digit arithmetic (testdata/make_exact.py) where float64 formulas cancel.
// Every entry of the gradient must be accurate, not only the largest.
func TestExact(t *testing.T) {
	type exact struct {
		Positions []float64
		Matrix    [][]float64
		Samples   []struct {
			Setting struct {
				Name, Ground                       string
				Lambda, Omega, Mu, Exponent, Gamma float64
			}
			Logits, Target []float64
			Value          float64
			Grad           []float64 `json:"grad_logits"`
		}
	}
	// close holds where got has want's first 11 digits, or both underflow in float64.
	close := func(got, want float64) bool {
		return math.Abs(got-want) <= 1e-11*math.Abs(want)+1e-290
	}
	file := readJSON[exact](t, "testdata/exact.json")
	for n, s := range file.Samples {
		set := s.Setting
		cfg := Config{
			Name: set.Name, Classes: len(s.Logits), Lambda: set.Lambda, Omega: set.Omega, Mu: set.Mu,
			Exponent: set.Exponent, Gamma: set.Gamma,
		}
		switch set.Ground {
		case "positions":
			cfg.Ground = Positions(file.Positions)
		case "matrix":
			cfg.Ground = Matrix(slices.Concat(file.Matrix...))
		}
		t.Run(fmt.Sprintf("%d/%s", n, set.Name), func(t *testing.T) {
			l := mustNew[float64](t, cfg)
			grad := make([]float64, len(s.Logits))
			if v := l.Sample(s.Logits, s.Target, grad, NewWorkspace(l)); !close(v, s.Value) {
				t.Errorf("value %v, want %v", v, s.Value)
			}
			for i, want := range s.Grad {
				if !close(grad[i], want) {
					t.Errorf("%+v, logits %v, target %v: gradient %d is %v, want %v", set, s.Logits, s.Target, i, grad[i], want)
				}
			}
		})
	}
}
