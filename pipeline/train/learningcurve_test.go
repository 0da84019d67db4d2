package train

import (
	"path/filepath"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/pipeline/artifact"
	"finetune/pipeline/run"
)

func TestLearningCurve(t *testing.T) {
	for _, c := range []struct {
		perClass, folds int
		test            float64
		want            bool
		note            string
	}{
		{100, 0, 0.2, true, ""},
		{100, 3, 0.2, true, ""},
		{100, 3, 0, false, "a learning curve needs a test part, which out-of-fold predictions of all images don't leave"},
		{12, 0, 0.2, false, "too few images for a learning curve"},
	} {
		job := New("")
		job.Features = pipelinetest.FeatureFolder(t, 3, c.perClass, "", nil)
		job.Out, job.Head.Epochs, job.LearningCurve = filepath.Join(t.TempDir(), "run"), 5, true
		job.Folds, job.Split.Test = c.folds, c.test
		r, err := job.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if (r.LearningCurve != nil) != c.want {
			t.Errorf("%+v: %+v", c, r.LearningCurve)
		}
		noted := false
		for _, n := range r.Notes {
			noted = noted || n == c.note
		}
		if noted != (c.note != "") {
			t.Errorf("%+v: the notes are %q", c, r.Notes)
		}
		var stored run.Metrics
		if err := artifact.ReadJSON(filepath.Join(job.Out, run.MetricsFile), &stored); err != nil {
			t.Fatal(err)
		}
		if (stored.LearningCurve != nil) != c.want || c.want && (stored.LearningCurve.Hidden == nil || stored.LearningCurve.MAE != r.LearningCurve.MAE) {
			t.Errorf("%+v: stored is %+v", c, stored.LearningCurve)
		}
	}
}
