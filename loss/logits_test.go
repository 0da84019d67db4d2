package loss

import (
	"math"
	"testing"
)

// Probabilities must invert Logits, for every loss whose outputs determine a distribution.
func TestLogits(t *testing.T) {
	probs := []float64{0.1, 0.25, 1e-9, 0.6, 0.05 - 1e-9}
	positions := []float64{1, 4, 9, 10, 30}
	for _, name := range Names() {
		l, err := New[float64](Config{Name: name, Classes: 5, Ground: Positions(positions)})
		if err != nil {
			t.Fatal(err)
		}
		logits, back := make([]float64, l.Outputs()), make([]float64, 5)
		l.Logits(probs, logits)
		if name == L2 {
			if want := 0.1*1 + 0.25*4 + 9e-9 + 6 + 30*(0.05-1e-9); math.Abs(logits[0]-want) > 1e-12 {
				t.Errorf("l2: the mean position is %g, want %g", logits[0], want)
			}
			continue
		}
		l.Probabilities(logits, back)
		for k, p := range probs {
			if math.Abs(back[k]-p) > 1e-12*max(p, 1e-3) {
				t.Errorf("%s: class %d comes back as %g, was %g", name, k, back[k], p)
			}
		}
		if l.Outputs() != 5 {
			continue
		}
		var sum float64
		for _, z := range logits {
			sum += z
		}
		if math.Abs(sum) > 1e-12 {
			t.Errorf("%s: logits sum to %g, not to zero", name, sum)
		}
	}
}
