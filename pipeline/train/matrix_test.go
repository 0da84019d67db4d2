package train

import (
	"bytes"
	"finetune/internal/pipelinetest"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Features that would fill the memory go to a temporary file. The run is the same, to the byte, and leaves nothing there.
func TestFeaturesInAFile(t *testing.T) {
	var heads [2][]byte
	for i, most := range []int64{0, 1} {
		out, cache, said := t.TempDir(), t.TempDir(), &pipelinetest.Recorder{}
		job := New(pipelinetest.Demo)
		job.Images = features.Images{Backbone: pipelinetest.TinyNetwork, Tap: features.Last, Cache: cache, MatrixBytes: most}
		job.Images.Overrides.ImageSize = 32
		job.Out, job.Progress = filepath.Join(out, "run"), said
		if _, err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if heads[i], err = os.ReadFile(filepath.Join(job.Out, run.HeadFile)); err != nil {
			t.Fatal(err)
		}
		inFile := slices.ContainsFunc(said.Notes(), func(line string) bool { return strings.HasPrefix(line, "memory:") })
		if inFile != (most == 1) {
			t.Errorf("with %d bytes of memory, a file was used: %v", most, inFile)
		}
		if left, err := filepath.Glob(filepath.Join(cache, "scratch", "*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
	if !bytes.Equal(heads[0], heads[1]) {
		t.Error("the heads differ")
	}
}
