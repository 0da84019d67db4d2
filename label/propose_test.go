package label

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestProposeBins(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, f func() float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = f()
		}
		return x
	}
	ages := draw(3000, func() float64 { return math.Floor(math.Min(116, math.Abs(rng.NormFloat64()*22+33))) })
	scores := draw(200, func() float64 { return math.Round((1.2+3.5*rng.Float64())*100) / 100 })
	grades := draw(100, func() float64 { return float64(rng.IntN(5)) })
	for _, c := range []struct {
		name    string
		numbers []float64
		classes int
		grid    float64 // of which all edges are multiples
	}{
		{"ages", ages, 8, 1},
		{"scores", scores, 8, 0.1},
		{"grades", grades, 5, 1},
		{"few", draw(12, func() float64 { return rng.Float64() }), 2, 0.01},
	} {
		edges := ProposeBins(c.numbers)
		if len(edges) != c.classes {
			t.Errorf("%s: edges %v, want %d", c.name, edges, c.classes)
			continue
		}
		space, err := Bins(edges)
		if err != nil {
			t.Fatal(err)
		}
		counts := make([]int, space.Len())
		for _, x := range c.numbers {
			class, err := space.BinOf(x)
			if err != nil {
				t.Fatalf("%s: %v is below the edges %v", c.name, x, edges)
			}
			counts[class]++
		}
		if slices.Min(counts) < 5 {
			t.Errorf("%s: counts %v", c.name, counts)
		}
		for _, e := range edges {
			if m := e / c.grid; math.Abs(m-math.Round(m)) > 1e-9 {
				t.Errorf("%s: the edge %v isn't a multiple of %v", c.name, e, c.grid)
			}
		}
		t.Logf("%s: %v", c.name, space.Classes())
	}
	for _, none := range [][]float64{nil, {1}, {1, 2, 3}, slices.Repeat([]float64{4}, 50), {math.NaN(), math.Inf(1)}} {
		if edges := ProposeBins(none); edges != nil {
			t.Errorf("%v: edges %v, want none", none, edges)
		}
	}
}

// FuzzProposeBins: whatever is proposed are valid edges that hold every number.
func FuzzProposeBins(f *testing.F) {
	f.Add(uint64(1), 30, 1.0)
	f.Add(uint64(2), 500, 1e-9)
	f.Add(uint64(3), 90, 1e300)
	f.Fuzz(func(t *testing.T, seed uint64, n int, scale float64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		numbers := make([]float64, max(0, min(n, 1000)))
		for i := range numbers {
			numbers[i] = rng.NormFloat64() * scale
		}
		edges := ProposeBins(numbers)
		if edges == nil {
			return
		}
		space, err := Bins(edges)
		if err != nil {
			t.Fatalf("edges %v: %v", edges, err)
		}
		for _, x := range numbers {
			if _, err := space.BinOf(x); err != nil && !math.IsNaN(x) && !math.IsInf(x, 0) {
				t.Fatalf("%v is outside %v", x, edges)
			}
		}
	})
}
