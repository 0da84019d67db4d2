package run_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// A run keeps what its training images look like, whether it has a validation part or folds; the thresholds come from images that
// no head was trained on.
func TestRunKnowsItsImages(t *testing.T) {
	folder := pipelinetest.FeatureFolder(
		t,
		3,
		100,
		",site",
		func(i, class int) string { return fmt.Sprint("s", i%2) },
	)
	for _, folds := range []int{0, 4} {
		job := train.New("")
		job.Features, job.Out, job.Folds = folder, filepath.Join(t.TempDir(), "run"), folds
		job.Split.Test = train.TestShare
		trained, err := job.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := run.Open(job.Out)
		if err != nil {
			t.Fatal(err)
		}
		known, err := r.Familiarity(t.Context())
		if err != nil || known == nil {
			t.Fatal(known, err)
		}
		if n := len(known.Reference()); n != 120 { // half of the 240 that aren't in the test part
			t.Errorf("folds %d: %d reference images", folds, n)
		}
		judge, err := known.Judge(0.2)
		if err != nil || !judge.Reviews() {
			t.Fatal(judge, err)
		}
		marked, images := 0, 0
		_, err = run.Scan{Features: folder}.Run(t.Context(), r, func(s run.Scanned) error {
			images++
			if judge.Of(s.Row, s.Probabilities, s.Class).Review {
				marked++
			}
			return nil
		})
		if err != nil || images != 300 || marked < 20 || marked > 110 {
			t.Errorf("folds %d: %d of %d images are marked (%v)", folds, marked, images, err)
		}
		result, err := run.Evaluate{
			Model:       job.Out,
			Features:    folder,
			Data:        dataset.Options{By: "site"},
			ReviewShare: 0.2,
		}.Run(
			t.Context(),
		)
		if err != nil {
			t.Fatal(err)
		}
		if result.By == nil || len(result.By.Parts) != 2 || result.By.Parts[0].Value != "s0" ||
			result.By.Parts[0].N != 150 {
			t.Errorf("%+v", result.By)
		}
		if result.Unfamiliar == nil || result.Unfamiliar.N > 10 || result.Metrics.Risk == nil {
			t.Errorf("%+v", result.Unfamiliar)
		}
		if v := result.Review; v == nil || v.N != marked || !sums(v, result.Metrics.Accuracy) {
			t.Errorf("%d images are marked, not as in %+v", marked, v)
		}
		if trained.Metrics.Risk == nil {
			t.Error("the run has no risk–coverage curve")
		}
		if _, err := (run.Evaluate{Model: job.Out, Features: folder, Data: dataset.Options{By: "path"}}).Run(t.Context()); !invalid.Is(
			err,
		) {
			t.Errorf("by path: %v", err)
		}
	}
}

// sums reports whether the errors among marked and other images add up to that of all 300.
func sums(v *run.Review, accuracy metrics.Number) bool {
	wrong := float64(v.N)*float64(v.Error) + float64(300-v.N)*float64(v.Others)
	return math.Abs(wrong-300*(1-float64(accuracy))) < 1e-6
}

// What a scan says of images must be what ready features of the same images give, whatever the views.
func TestScanOfImagesAndFeatures(t *testing.T) {
	out := t.TempDir()
	job := train.New(pipelinetest.Demo)
	job.Images.Backbone, job.Images.Tap, job.Out, job.Head.Epochs = pipelinetest.TinyNetwork, features.Last, filepath.Join(
		out,
		"run",
	), 3
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(out, "features")
	if _, err := (features.Extract{Data: dataset.Options{Path: pipelinetest.Demo}, Images: job.Images, Out: folder}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := run.Open(job.Out)
	if err != nil {
		t.Fatal(err)
	}
	var said [2][]string
	for i, scan := range []run.Scan{{Data: dataset.Options{Path: pipelinetest.Demo}}, {Features: folder}} {
		if _, err := scan.Run(t.Context(), r, func(s run.Scanned) error {
			said[i] = append(said[i], fmt.Sprint(s.Item.Path, s.Class, s.Row[0], s.Probabilities))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if len(said[0]) != 360 || !slices.Equal(said[0], said[1]) {
		t.Errorf("%d and %d images, or not the same", len(said[0]), len(said[1]))
	}
}
