package main

import (
	"strings"
	"testing"

	"finetune/pipeline/compare"
	"finetune/pipeline/metrics"
)

// A mark is explained where a row has it.
func TestComparedMarks(t *testing.T) {
	for _, best := range []bool{false, true} {
		figures := make([]compare.Figure, 5)
		figures[2].Best = best
		r := &compare.Result{Losses: make([]compare.Loss, 1), Rows: []compare.Row{{Loss: "cross-entropy", Decision: "argmax", Figures: figures}}}
		var out strings.Builder
		printCompared(&out, r)
		if strings.Contains(out.String(), " *") != best || strings.Contains(out.String(), "\n* the best") != best {
			t.Errorf("best %v:\n%s", best, out.String())
		}
	}
}

// The coverage of intervals that contain every class is no measurement, so it has no interval of its own.
func TestPrintedSets(t *testing.T) {
	for width, want := range map[metrics.Number]string{
		3:   "measured 100.0 % (no 95 % interval: each contains every class), mean width 3.00 classes",
		1.5: "measured 100.0 % (95 % interval 97.0 – 100.0 %), mean width 1.50 classes",
	} {
		var out strings.Builder
		printSets(&out, &metrics.Sets{TargetCoverage: 0.9, Coverage: 1, Interval: [2]metrics.Number{0.97, 1}, Width: width, PerClass: make([]metrics.ClassSets, 3)})
		if !strings.Contains(out.String(), want) {
			t.Errorf("width %v:\n%swant %q", width, out.String(), want)
		}
	}
}
