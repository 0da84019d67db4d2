package axis

import (
	"math"
	"slices"
	"testing"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      []float64
	}{
		{0, 1, []float64{0, .2, .4, .6, .8, 1}},
		{0.31, 0.69, []float64{.3, .4, .5, .6, .7}},
		{1, 30, []float64{0, 5, 10, 15, 20, 25, 30}},
		{-3, 4, []float64{-4, -2, 0, 2, 4}},
		{5, 5, []float64{5, 5.000005}},
		{0, 0, []float64{0, 1e-9}},
	} {
		got := Ticks(c.low, c.high, 6)
		close := slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(1e-3, math.Abs(b)) })
		if !close && c.low < c.high {
			t.Errorf("Ticks(%v, %v) = %v, want %v", c.low, c.high, got, c.want)
		}
		if len(got) < 2 || got[0] > c.low || got[len(got)-1] < c.high {
			t.Errorf("Ticks(%v, %v) = %v doesn't span them", c.low, c.high, got)
		}
	}
}
