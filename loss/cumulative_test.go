package loss

import (
	"fmt"
	"math"
	"testing"
)

// TestCumulative compares coral and corn with their published definitions (testdata/make_cumulative.py).
func TestCumulative(t *testing.T) {
	type cumulative struct {
		Samples []struct {
			Loss                          string
			Logits, Target, Probabilities []float64
			Value                         float64
			Grad                          []float64 `json:"grad_logits"`
		}
	}
	samples := readJSON[cumulative](t, "testdata/cumulative.json").Samples
	if len(samples) < 40 {
		t.Fatalf("only %d samples", len(samples))
	}
	for n, s := range samples {
		t.Run(fmt.Sprintf("%d/%s/K=%d", n, s.Loss, len(s.Target)), func(t *testing.T) {
			cfg := Config{Name: s.Loss, Classes: len(s.Target)}
			compareSample[float64](t, cfg, s.Logits, s.Target, s.Value, s.Grad, 1e-10)
			compareSample[float32](t, cfg, s.Logits, s.Target, s.Value, s.Grad, 1e-4)
			probs := make([]float64, cfg.Classes)
			mustNew[float64](t, cfg).Probabilities(s.Logits, probs)
			for k, p := range s.Probabilities {
				if !(math.Abs(probs[k]-p) <= 1e-12) {
					t.Errorf("P(y = %d) is %v, want %v", k, probs[k], p)
				}
			}
		})
	}
}

func TestSharedWeights(t *testing.T) {
	for _, name := range Names() {
		if got := mustNew[float32](t, Config{Name: name, Classes: 4}).SharedWeights(); got != (name == CORAL) {
			t.Errorf("%s: shared weights %v", name, got)
		}
	}
}

// TestL2Probabilities: the mean of the distribution is the output, clipped to the scale, and its mode the nearest
// class.
func TestL2Probabilities(t *testing.T) {
	positions := []float64{1, 2, 4, 8}
	l := mustNew[float64](t, Config{Name: L2, Classes: 4, Ground: Positions(positions)})
	for _, c := range []struct {
		output float64
		want   []float64
	}{
		{-5, []float64{1, 0, 0, 0}},
		{1, []float64{1, 0, 0, 0}},
		{1.25, []float64{0.75, 0.25, 0, 0}},
		{2, []float64{0, 1, 0, 0}},
		{3, []float64{0, 0.5, 0.5, 0}},
		{7, []float64{0, 0, 0.25, 0.75}},
		{8, []float64{0, 0, 0, 1}},
		{1e4, []float64{0, 0, 0, 1}},
	} {
		probs := make([]float64, 4)
		l.Probabilities([]float64{c.output}, probs)
		var mean float64
		for k, p := range probs {
			mean += p * positions[k]
			if p != c.want[k] {
				t.Errorf("output %v: probabilities %v, want %v", c.output, probs, c.want)
				break
			}
		}
		if want := min(max(c.output, 1), 8); mean != want {
			t.Errorf("output %v: mean position %v, want %v", c.output, mean, want)
		}
	}
}
