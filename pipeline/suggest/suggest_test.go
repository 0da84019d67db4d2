package suggest

import (
	"path/filepath"
	"strings"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

func TestJob(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 100, "", nil)
	job := train.New("")
	job.Features, job.Out, job.Head.Epochs = folder, filepath.Join(t.TempDir(), "run"), 5
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "label.csv")
	r, err := Job{Scan: run.Scan{Model: job.Out, Features: folder}, Count: 12, Out: out}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Images != 300 || len(r.Suggestions) != 12 || r.Suggestions[0].Doubt <= 0 {
		t.Errorf("%+v", r)
	}
	rows := pipelinetest.ReadCSV(t, out)
	if len(rows) != 13 || strings.Join(rows[0], ",") != "path,predicted,doubt" ||
		rows[1][0] != r.Suggestions[0].Path {
		t.Errorf("%v", rows)
	}
	for _, n := range []int{-1, int(Count.High) + 1} {
		if _, err := (Job{Scan: run.Scan{Model: job.Out, Features: folder}, Count: n}).Run(t.Context()); !invalid.Is(err) {
			t.Errorf("%d images: %v", n, err)
		}
	}
}
