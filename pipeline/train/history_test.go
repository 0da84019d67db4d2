package train

import (
	"math"
	"path/filepath"
	"testing"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/pipeline/metrics"
)

// The figures of the kept epoch in history.csv are those of metrics.json where both are of the validation part. A hidden layer stands
// beside a linear head that was fitted to that part too, and the figures must not be of what was fitted.
func TestHistoryAgreesWithMetrics(t *testing.T) {
	for name, change := range map[string]func(*Job){
		"linear": func(j *Job) { j.Head.Optimizer = head.SGD },
		"hidden": func(j *Job) { j.Head.Hidden, j.Head.Epochs, j.Head.Patience = 8, 5, 0 },
		"hidden, ranges, which leave the classes": func(j *Job) {
			j.Head.Hidden, j.Head.Epochs, j.Head.Patience, j.Calibrate.Coverage = 8, 5, 0, 0.9
		},
	} {
		t.Run(name, func(t *testing.T) {
			job := New("")
			job.Features = pipelinetest.FeatureFolder(t, 3, 60, "", nil)
			job.Out = filepath.Join(t.TempDir(), "run")
			job.Split.Val, job.Split.Test = 0.3, 0
			change(&job)
			result, err := job.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if result.HeldOut != "val" || result.BestEpoch == 0 {
				t.Fatalf("the figures are of %s, epoch %d; want those of the validation part in an epoch", result.HeldOut, result.BestEpoch)
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
		})
	}
}
