package kappa

import (
	"math"
	"testing"
)

func TestQuadratic(t *testing.T) {
	for _, test := range []struct {
		name             string
		truth, predicted []float64
		squares, want    float64
	}{
		{"agreement", []float64{3, 2, 1}, []float64{3, 2, 1}, 0, 1},
		{"chance", []float64{2, 2}, []float64{2, 2}, 2, 0},
		{"reversed", []float64{1, 0, 1}, []float64{1, 0, 1}, 8, -1},
		{"weights that are no whole numbers", []float64{0.3, 0.2, 0.1}, []float64{0.3, 0.2, 0.1}, 0, 1},
		{"one class", []float64{0, 4}, []float64{0, 4}, 0, math.NaN()},
		{"one class with a weight", []float64{0, 0.1}, []float64{0, 0.1}, 0, math.NaN()},
		{"nothing", []float64{0, 0}, []float64{0, 0}, 0, math.NaN()},
	} {
		got := Quadratic(test.truth, test.predicted, test.squares)
		if math.Abs(got-test.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(test.want) {
			t.Errorf("%s: %g, want %g", test.name, got, test.want)
		}
	}
}
