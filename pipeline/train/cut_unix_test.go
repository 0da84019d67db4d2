//go:build unix

package train

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// A noteHook calls a function at each note.
type noteHook struct {
	*pipelinetest.Recorder
	onNote func()
}

func (h noteHook) Note(string) { h.onNote() }

// Features that another program cuts while a run maps them must end the run with an error that names the file, and publish nothing.
func TestFeaturesCutInUse(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Job)
	}{
		{"closed form", func(*Job) {}},
		{"hidden layer, parts", func(j *Job) {
			j.Head = head.Defaults(loss.Config{Name: loss.EMD2}, 8)
			j.Head.Epochs = 50
		}},
		{"folds", func(j *Job) {
			j.Folds, j.Head = 3, head.Defaults(loss.Config{Name: loss.EMD2}, 4)
			j.Head.Epochs = 20
		}},
	} {
		for _, parts := range []int{1, 2} {
			for step := range 4 {
				var folders []string
				for part := range parts {
					folders = append(folders, pipelinetest.FeatureFolder(t, 3, 400, "", nil))
					index := filepath.Join(folders[part], features.IndexFile)
					text, err := os.ReadFile(index)
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(index, bytes.ReplaceAll(text, []byte(".png"), fmt.Append(nil, part, ".png")), 0o666); err != nil {
						t.Fatal(err)
					}
				}
				job := New("")
				c.change(&job)
				job.Features, job.Threads, job.Out = strings.Join(folders, string(os.PathListSeparator)), 3, filepath.Join(t.TempDir(), "run")
				var once sync.Once
				matrix := filepath.Join(folders[parts-1], features.MatrixFile)
				cut := func() {
					once.Do(func() {
						if err := os.Truncate(matrix, int64(4096*step)); err != nil {
							t.Error(err)
						}
					})
				}
				// The labels are noted once the features are mapped; a stage begins while they are worked on.
				onNote := func() {}
				if step < 2 {
					onNote = cut
				}
				job.Progress = noteHook{&pipelinetest.Recorder{OnAdd: func(string, int) { cut() }}, onNote}
				_, err := job.Run(t.Context())
				var input *invalid.Error
				if err == nil || errors.As(err, &input) || !strings.Contains(err.Error(), matrix) {
					t.Errorf("%s, %d parts, cut at step %d: %v, want an error of the machine that names %s", c.name, parts, step, err, matrix)
				}
				for _, name := range []string{run.ConfigFile, run.HeadFile, run.ReportFile} {
					if _, err := os.Stat(filepath.Join(job.Out, name)); err == nil {
						t.Errorf("%s, %d parts, cut at step %d: %s was left", c.name, parts, step, name)
					}
				}
			}
		}
	}
}
