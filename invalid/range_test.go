package invalid

import (
	"math"
	"testing"
)

func TestRange(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		r       Range
		text    string
		in, out []float64
	}{
		{Range{Low: 0, High: 1e15, LowOpen: true}, "a number above 0", []float64{1e-300, 1e15}, []float64{0, -1, 2e15, inf}},
		{Range{Low: 1, High: 1e15}, "1 or more", []float64{1, 1e15}, []float64{0.99, inf, -inf}},
		{Range{Low: -1e15, High: 1e15}, "a number", []float64{-1e15, 0}, []float64{inf, -inf}},
		{Range{Low: 0, High: 65536}, "0 to 65536", []float64{0, 65536}, []float64{-1, 65537}},
		{Range{Low: 0, High: 1, HighOpen: true}, "0 or more and below 1", []float64{0, 0.99}, []float64{1, -0.01}},
		{Range{Low: 0, High: 1, LowOpen: true}, "above 0 and at most 1", []float64{0.01, 1}, []float64{0, 1.01}},
		{Range{Low: 0, High: 1, LowOpen: true, HighOpen: true}, "above 0 and below 1", []float64{0.5}, []float64{0, 1}},
	} {
		if got := c.r.String(); got != c.text {
			t.Errorf("%+v is %q, want %q", c.r, got, c.text)
		}
		for _, v := range c.in {
			if !c.r.Contains(v) {
				t.Errorf("%s doesn't contain %g", c.text, v)
			}
		}
		for _, v := range append(c.out, math.NaN()) {
			if c.r.Contains(v) {
				t.Errorf("%s contains %g", c.text, v)
			}
		}
	}
}
