package metrics

import (
	"context"
	"errors"
	"testing"
	"time"

	"finetune/label"
)

// A bootstrap that would take hours ends with its context.
func TestContextEndsBootstrap(t *testing.T) {
	space, err := label.New([]string{"low", "high"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	in := Input{Space: space, Labels: make([]int, n), Resamples: 1_000_000}
	for i := range n {
		in.Labels[i] = i % 2
		in.Probabilities = append(in.Probabilities, .5, .5)
	}
	for name, run := range map[string]func(context.Context) error{
		"Evaluate": func(ctx context.Context) error { _, err := EvaluateContext(ctx, in); return err },
		"Resample": func(ctx context.Context) error {
			s, err := Score(in)
			if err != nil {
				return err
			}
			_, err = Resample(ctx, [][]*Scores{{s}}, nil, in.Resamples, 1, func(int, [][]Figures) {})
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}
