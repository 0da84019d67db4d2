package closedform

import (
	"context"
	"math"
	"slices"
	"testing"

	"finetune/invalid"
)

// TestRandom compares the new features with the layer on the old ones, and their products with the arc-cosine kernel.
func TestRandom(t *testing.T) {
	const n, cols, units = 40, 6, 20000
	p := variants(n, cols, 3)["all"]
	layer, q, err := Random(context.Background(), p, units, Options{Seed: 1, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 7, 39} {
		for u := range 50 {
			want := float64(layer.Bias[u])
			for j, v := range p.row(i) {
				want += float64(layer.Weight[u*cols+j]) * float64(v)
			}
			if got := float64(q.Data[i*units+u]); math.Abs(got-max(0, want)) > 1e-4 {
				t.Fatalf("example %d, unit %d: %g, want %g", i, u, got, max(0, want))
			}
		}
	}
	checkKernel(t, &p, q, units)

	again, _, err := Random(context.Background(), p, 100, Options{Seed: 1, Threads: 1})
	if err != nil || !slices.Equal(again.Weight, layer.Weight[:100*cols]) {
		t.Errorf("other weights on one thread: %v", err)
	}
	if _, _, err := Random(context.Background(), p, 0, Options{}); !invalid.Is(err) {
		t.Errorf("no units: %v", err)
	}
}

// checkKernel compares mean products of units with |x||y|(sin θ + (π − θ)cos θ)/2π for scaled rows x and y at an
// angle θ.
func checkKernel(t *testing.T, p *Problem, q Problem, units int) {
	t.Helper()
	r := prepared(t, p)
	scaled := func(place int) []float64 {
		x := make([]float64, p.Cols)
		r.segment(x, place, 0)
		for j := range x {
			x[j] /= r.root[place] * math.Sqrt(r.squaredLength)
		}
		return x
	}
	for place := 1; place < 10; place++ {
		x, y := scaled(0), scaled(place)
		var xx, yy, xy, got float64
		for j := range x {
			xx, yy, xy = xx+x[j]*x[j], yy+y[j]*y[j], xy+x[j]*y[j]
		}
		for u := range units {
			got += float64(q.Data[r.order[0]*units+u]) * float64(q.Data[r.order[place]*units+u]) / float64(units)
		}
		angle := math.Acos(xy / math.Sqrt(xx*yy))
		want := math.Sqrt(xx*yy) * (math.Sin(angle) + (math.Pi-angle)*math.Cos(angle)) / (2 * math.Pi)
		if math.Abs(got-want) > 0.05*math.Sqrt(xx*yy) {
			t.Errorf("place %d: product %g, kernel %g", place, got, want)
		}
	}
}
