package loss

import (
	"math"
	"slices"
	"testing"

	"finetune/invalid"
)

func TestSelfGuidedGolden(t *testing.T) {
	for _, c := range readJSON[golden](t, "testdata/losses.json").SelfGuided {
		features, dim := slices.Concat(c.Features...), len(c.Features[0])
		centroids := NewCentroids[float64](c.Classes, dim)
		for n, label := range c.Labels {
			centroids.Add(label, features[n*dim:(n+1)*dim])
		}
		means, present, err := centroids.means()
		if err != nil {
			t.Fatal(err)
		}
		near(t, "distances of means", centroidDistances(means, dim, present), slices.Concat(c.CentroidDistance...)...)
		for _, scale := range []float64{1, 1e-30, 1e30} { // normalising removes the scale
			d, err := SelfGuided(scaled(features, scale), dim, c.Labels, c.Classes)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "ground distance", d, slices.Concat(c.GroundDistance...)...)
		}
		single, err := SelfGuided(convert[float32](features), dim, c.Labels, c.Classes)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "ground distance from float32", single, slices.Concat(c.GroundDistance...)...)
		mustNew[float32](t, Config{Name: XEMD2, Classes: c.Classes, Ground: Matrix(single), Mu: 0.5})
	}
}

func TestSelfGuidedAbsentClasses(t *testing.T) {
	// On a line after normalising: class 0 at 0, class 2 at 0.1, class 3 at 0.4; class 1 has no samples and
	// class 4 only features of zeros.
	features := []float64{0, 1, 1, 9, 4, 6, 0, 0}
	labels := []int{0, 2, 3, 4}
	d, err := SelfGuided(features, 2, labels, 5)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "ground distance", d,
		0, 1, 0.5, 1, 1,
		1, 0, 1, 1, 1,
		0.5, 1, 0, 0.75, 1,
		1, 1, 0.75, 0, 1,
		1, 1, 1, 1, 0)
	d, err = SelfGuided(features[:2], 2, labels[:1], 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "one class alone", d, 0, 1, 1, 0)
}

func TestSelfGuidedNotFinite(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		if _, err := SelfGuided([]float32{1, 2, bad, 3}, 2, []int{0, 1}, 2); err == nil {
			t.Errorf("a feature of %v gave no error", bad)
		}
	}
}

func TestAutoLambda(t *testing.T) {
	if got, err := AutoLambda(1.4, 0.2); err != nil || math.Abs(got-2) > 1e-15 {
		t.Errorf("λ = %v, %v; want 2", got, err)
	}
	for _, c := range [][2]float64{{1, 0}, {1, -0.5}, {0, 1}, {math.NaN(), 1}, {1, math.NaN()}, {math.Inf(1), 1},
		{1, 5e-324}} {
		if _, err := AutoLambda(c[0], c[1]); !invalid.Is(err) {
			t.Errorf("means %v: error %v", c, err)
		}
	}
}
