package head

import "testing"

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
		for rule, want := range map[Decision]int{Argmax: c.argmax, Median: c.median, Mean: c.mean} {
			if got := rule.Decide(c.probs, c.positions); got != want {
				t.Errorf("%s of %v at %v is %d, want %d", rule, c.probs, c.positions, got, want)
			}
		}
	}
}

func TestParseDecision(t *testing.T) {
	for name, want := range map[string]Decision{"": Argmax, "argmax": Argmax, "median": Median, "mean": Mean} {
		if got, err := ParseDecision(name); got != want || err != nil {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	if _, err := ParseDecision("mode"); err == nil {
		t.Error("no error for an unknown rule")
	}
}
