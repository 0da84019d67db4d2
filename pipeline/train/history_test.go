package train

import (
	"math"
	"path/filepath"
	"testing"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/pipeline/metrics"
)

// The figures of the kept epoch in history.csv are those of metrics.json where both are of the validation part.
func TestHistoryAgreesWithMetrics(t *testing.T) {
	job := New("")
	job.Features = pipelinetest.FeatureFolder(t, 3, 60, "", nil)
	job.Out = filepath.Join(t.TempDir(), "run")
	job.Head.Optimizer = head.SGD
	job.Split.Val, job.Split.Test = 0.3, 0
	result, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.HeldOut != "val" {
		t.Fatalf("the figures are of %s, not of the validation part", result.HeldOut)
	}
	kept, f := result.History[result.BestEpoch-1], result.Metrics.Figures
	for _, figure := range []struct {
		name      string
		got       float64
		want      metrics.Number
		tolerance float64
	}{
		{"val_mae", kept.ValMAE, f.MAE, 1e-9},
		{"val_accuracy", kept.ValAccuracy, f.Accuracy, 1e-9},
		{"val_qwk", kept.ValQWK, f.QWK, 1e-9},
		{"val_rps", kept.RPS, f.RPS, 1e-5},
	} {
		if !(math.Abs(figure.got-float64(figure.want)) <= figure.tolerance) {
			t.Errorf("%s: %g in the history, %g in the metrics", figure.name, figure.got, figure.want)
		}
	}
}
