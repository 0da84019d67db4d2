package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// A run that is stopped at any stage and begun again must end with the bytes of one that wasn't.
func TestInterruptedRunEndsTheSame(t *testing.T) {
	dir := t.TempDir()
	whole := New(pipelinetest.Demo)
	whole.Images.Backbone, whole.Images.Tap = pipelinetest.TinyNetwork, features.Last
	whole.Out, whole.Images.Cache = filepath.Join(dir, "whole"), filepath.Join(dir, "cache-1")
	if _, err := whole.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := whole
	again.Out, again.Images.Cache = filepath.Join(dir, "again"), filepath.Join(dir, "cache-2")
	for _, stop := range []struct {
		stage string
		after int
	}{{"features", 100}, {"training", 3}} {
		ctx, cancel := context.WithCancel(t.Context())
		again.Progress = &pipelinetest.Recorder{OnAdd: func(stage string, done int) {
			if stage == stop.stage && done >= stop.after {
				cancel()
			}
		}}
		if _, err := again.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped in %s: %v, want %v", stop.stage, err, context.Canceled)
		}
		cancel()
		if _, err := os.Stat(again.Out); err == nil {
			t.Errorf("stopped in %s: a run folder was left without a run", stop.stage)
		}
	}
	seen := &pipelinetest.Recorder{}
	again.Progress = seen
	if _, err := again.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !seen.Noted("features: 0 computed") {
		t.Errorf("features were computed again: %q", seen.Notes())
	}
	for _, name := range []string{run.HeadFile, run.HeadONNXFile, run.MetricsFile, run.PredictionsFile} {
		a, errA := os.ReadFile(filepath.Join(whole.Out, name))
		b, errB := os.ReadFile(filepath.Join(again.Out, name))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs between the whole run and the interrupted one (%v, %v)", name, errA, errB)
		}
	}
}

// A failing run must leave an earlier one as it was.
func TestFailureKeepsEarlierRun(t *testing.T) {
	job := New(pipelinetest.Demo)
	job.Images.Backbone, job.Images.Tap = pipelinetest.TinyNetwork, features.Last
	job.Out = filepath.Join(t.TempDir(), "run")
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(job.Out, run.HeadFile))
	if err != nil {
		t.Fatal(err)
	}
	job.Overwrite, job.Head.LR = true, 1e30
	if _, err := job.Run(t.Context()); err == nil {
		t.Fatal("a learning rate of 1e30 was accepted")
	}
	if after, err := os.ReadFile(filepath.Join(job.Out, run.HeadFile)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the earlier run was touched (%v)", err)
	}
}

// No photo of the demo may stand on both sides of any split.
func TestDemoSplitKeepsPhotosWhole(t *testing.T) {
	set, err := dataset.Load(t.Context(), dataset.Options{Path: pipelinetest.Demo})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := dataset.Split(set, dataset.SplitOptions{Val: New(pipelinetest.Demo).Split.Val, Test: TestShare})
	if err != nil {
		t.Fatal(err)
	}
	side := map[string]string{}
	for name, index := range map[string][]int{"train": parts.Train, "val": parts.Val, "test": parts.Test} {
		if len(index) == 0 {
			t.Errorf("the %s part is empty", name)
		}
		for _, i := range index {
			photo := set.Items[i].Group
			if other, ok := side[photo]; photo == "" || ok && other != name {
				t.Errorf("photo %q is in %s and %s", photo, other, name)
			}
			side[photo] = name
		}
	}
}
