package head

import (
	"testing"

	"finetune/loss"
)

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		probs                []float32
		positions            []float64
		argmax, median, mean int
	}{
		{[]float32{1}, nil, 0, 0, 0},
		{[]float32{0.4, 0.2, 0.4}, nil, 0, 1, 1},
		{[]float32{0.5, 0, 0.5}, nil, 0, 0, 1},
		{[]float32{0.45, 0, 0, 0.55}, nil, 3, 3, 2},
		{[]float32{0.25, 0.25, 0.25, 0.25}, nil, 0, 1, 1},
		{[]float32{0.6, 0, 0.4}, []float64{0, 1, 100}, 0, 0, 1},
		{[]float32{3, 1, 4}, nil, 2, 1, 1}, // not normalised
	} {
		for rule, want := range map[Decision]int{Argmax: c.argmax, Median: c.median, Mean: c.mean, LeastDistance: c.median} {
			if got := rule.Decide(c.probs, loss.Positions(c.positions)); got != want {
				t.Errorf("%s of %v at %v is %d, want %d", rule, c.probs, c.positions, got, want)
			}
		}
	}
}

// Classes 0 and 1 are near each other, 2 is far from both, and predicting 2 wrongly costs more than missing it.
func TestLeastDistance(t *testing.T) {
	ground := loss.Matrix([]float64{
		0, 1, 4,
		1, 0, 4,
		9, 9, 0,
	})
	for _, c := range []struct {
		probs []float32
		want  int
	}{
		{[]float32{0.3, 0.2, 0.5}, 0},   // 2.2, 2.3, 4.5: the most probable class is the worst decision
		{[]float32{0.2, 0.3, 0.5}, 1},   // 2.3, 2.2, 4.5
		{[]float32{0.1, 0.1, 0.8}, 2},   // 3.3, 3.3, 1.8
		{[]float32{0.25, 0.25, 0.5}, 0}, // a tie goes to the lower class
		{[]float32{2.5, 2.5, 5}, 0},     // not normalised
		{[]float32{0, 0, 0}, 0},         // no information
	} {
		if got := LeastDistance.Decide(c.probs, ground); got != c.want {
			t.Errorf("%v gives class %d, want %d", c.probs, got, c.want)
		}
	}
}

func TestParseDecision(t *testing.T) {
	for name, want := range map[string]Decision{"": Argmax, "argmax": Argmax, "median": Median, "mean": Mean,
		"least-distance": LeastDistance} {
		if got, err := ParseDecision(name); got != want || err != nil {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	if _, err := ParseDecision("mode"); err == nil {
		t.Error("no error for an unknown rule")
	}
}
