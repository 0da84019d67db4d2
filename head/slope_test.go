package head

import (
	"math"
	"testing"
)

// A step along any feature must change the logits by the slope, exactly, as the network is affine around x.
func TestSlope(t *testing.T) {
	for _, hidden := range []int{0, 12} {
		h, e := trained(t, hidden)
		direction := make([]float64, h.Outputs())
		for k := range direction {
			direction[k] = math.Cos(float64(k)) + 0.1
		}
		along := func(x []float32) float64 {
			var sum float64
			for k, z := range reference(h.Network(), x) {
				sum += direction[k] * z
			}
			return sum
		}
		seen := map[float32]bool{}
		for i := range 5 {
			x := append([]float32(nil), e.Row(i)...)
			slope := h.Slope(x, direction)
			seen[slope[0]] = true
			for j, want := range slope {
				const step = 1.0 / 1024 // within the same units, and without rounding
				at := x[j]
				x[j] = at + step
				up := along(x)
				x[j] = at - step
				down := along(x)
				x[j] = at
				if got := (up - down) / (2 * step); !(math.Abs(got-float64(want)) <= 1e-3*(1+math.Abs(got))) {
					t.Errorf("hidden %d, row %d, feature %d: slope %v, but the logits change by %v", hidden, i, j, want, got)
				}
			}
		}
		if linear := len(seen) == 1; linear != (hidden == 0) {
			t.Errorf("hidden %d: %d different slopes at 5 rows", hidden, len(seen))
		}
	}
}

func TestSlopePanics(t *testing.T) {
	h, e := trained(t, 0)
	defer func() {
		if recover() == nil {
			t.Error("a direction of another length: no panic")
		}
	}()
	h.Slope(e.Row(0), make([]float64, h.Outputs()+1))
}
