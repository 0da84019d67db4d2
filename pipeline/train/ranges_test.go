package train

import (
	"encoding/json"
	"finetune/internal/pipelinetest"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Evaluating a run and labelling with it give the ranges of the run.
func TestRangesOutsideOfTraining(t *testing.T) {
	job := New(pipelinetest.Demo)
	job.Images.Backbone, job.Images.Tap = pipelinetest.TinyNetwork, features.Last
	job.Out = filepath.Join(t.TempDir(), "run")
	result, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	measured, err := (run.Evaluate{Model: job.Out, Data: dataset.Options{Path: pipelinetest.Demo}, Out: out}).Run(t.Context())
	if err != nil || measured.Metrics.Sets == nil || measured.Metrics.Sets.TargetCoverage != 0.9 {
		t.Fatalf("%+v, %v", measured, err)
	}
	want := pipelinetest.ColumnByPath(t, filepath.Join(out, run.PredictionsFile), "high")
	for _, name := range []string{"labels.csv", "labels.jsonl"} {
		path := filepath.Join(out, name)
		if _, err := (run.Predict{Model: job.Out, Path: pipelinetest.Demo, Out: path}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if name == "labels.csv" {
			got = pipelinetest.ColumnByPath(t, path, "high")
		} else {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(data)) {
				var row struct{ Path, Low, Predicted, High string }
				if err := json.Unmarshal([]byte(line), &row); err != nil {
					t.Fatal(err)
				}
				got[row.Path] = row.High
				space := result.Head.Space()
				at := func(name string) int { return slices.Index(space.Classes(), name) }
				if at(row.Low) > at(row.Predicted) || at(row.Predicted) > at(row.High) || at(row.Low) < 0 {
					t.Errorf("%+v", row)
				}
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%s has %d images, want %d", name, len(got), len(want))
		}
		for path, high := range want {
			if got[path] != high {
				t.Errorf("%s: %s reaches up to %q, eval says %q", name, path, got[path], high)
			}
		}
	}
}
