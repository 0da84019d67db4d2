package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"finetune/pipeline/dataset"
)

// recorder keeps what a job tells and may act on it.
type recorder struct {
	mu    sync.Mutex
	notes []string
	onAdd func(stage string, done int)
}

func (r *recorder) Note(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, line)
}

func (r *recorder) Start(stage string, _ int, _ string) Stage {
	return &recordedStage{r: r, name: stage}
}

func (r *recorder) told(part string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(strings.Join(r.notes, "\n"), part)
}

type recordedStage struct {
	r    *recorder
	name string
	done int
}

func (s *recordedStage) Add(n int) {
	s.done += n
	if s.r.onAdd != nil {
		s.r.onAdd(s.name, s.done)
	}
}
func (s *recordedStage) Done() {}

// A run that is stopped at any stage and begun again must end with the bytes of one that wasn't.
func TestInterruptedRunEndsTheSame(t *testing.T) {
	dir := t.TempDir()
	whole := NewTrain(demo)
	whole.Images.Backbone, whole.Images.Tap = tinyNetwork, Last
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
		again.Progress = &recorder{onAdd: func(stage string, done int) {
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
	seen := &recorder{}
	again.Progress = seen
	if _, err := again.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !seen.told("features: 0 computed") {
		t.Errorf("features were computed again: %q", seen.notes)
	}
	for _, name := range []string{HeadFile, HeadONNXFile, MetricsFile, PredictionsFile} {
		a, errA := os.ReadFile(filepath.Join(whole.Out, name))
		b, errB := os.ReadFile(filepath.Join(again.Out, name))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs between the whole run and the interrupted one (%v, %v)", name, errA, errB)
		}
	}
}

// A failing run must leave an earlier one as it was.
func TestFailureKeepsEarlierRun(t *testing.T) {
	job := NewTrain(demo)
	job.Images.Backbone, job.Images.Tap = tinyNetwork, Last
	job.Out = filepath.Join(t.TempDir(), "run")
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(job.Out, HeadFile))
	if err != nil {
		t.Fatal(err)
	}
	job.Overwrite, job.Head.LR = true, 1e30
	if _, err := job.Run(t.Context()); err == nil {
		t.Fatal("a learning rate of 1e30 was accepted")
	}
	if after, err := os.ReadFile(filepath.Join(job.Out, HeadFile)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the earlier run was touched (%v)", err)
	}
}

// No photo of the demo may stand on both sides of any split.
func TestDemoSplitKeepsPhotosWhole(t *testing.T) {
	set, err := dataset.Load(t.Context(), dataset.Options{Path: demo})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := dataset.Split(set, NewTrain(demo).Split)
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
