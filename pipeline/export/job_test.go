package export

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/backbone"
	"finetune/internal/onnx/deploy"
	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/run"
)

// runOn makes a run folder with a head on the features of a network, and returns the job that exports it.
func runOn(t *testing.T, name string, o backbone.Options) Job {
	t.Helper()
	p := newPipe(t, name, preset(t, squashed), o)
	rows := p.features(t, decoded(t, "jpeg-420.jpg", "tall.png", "wide.jpg"))
	dir := t.TempDir()
	if err := trained(t, heads[1], rows, p.net.Dim(), p.origin()).Save(filepath.Join(dir, run.HeadFile)); err != nil {
		t.Fatal(err)
	}
	j := Job{Model: dir, Threads: 1}
	j.Images.Backbone = filepath.Join(networks, name+".onnx")
	return j
}

// inFolder returns the names in a folder, hidden ones included.
func inFolder(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// The bundle of every network, at several depths where it has them, answers as the run does, bit for bit, and holds no
// more than the network does.
func TestBundles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(networks, "*.onnx"))
	if err != nil || len(files) < 70 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		t.Run(name, func(t *testing.T) {
			o := backbone.Options{Tap: backbone.Multi, Pool: []int{1, 3}}
			if b, err := backbone.Open(file, o); err != nil {
				o = backbone.Options{} // it has no stages
			} else {
				b.Close()
			}
			j := runOn(t, name, o)
			j.Format, j.Out = Bundle, filepath.Join(t.TempDir(), "bundle")
			result, err := j.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c := result.Check; c.Difference != 0 || c.Images != comparedGenerated || c.On != "generated images" {
				t.Errorf("%+v", c)
			}
			whole, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			part, err := os.Stat(filepath.Join(j.Out, run.NetworkFile))
			if err != nil || part.Size() > whole.Size()+100_000 && name != "resnet_external" {
				t.Errorf("%v bytes of %d: %v", part, whole.Size(), err)
			}
		})
	}
}

// A model of two files is put in place with both, over an earlier one only when asked.
func TestPlaceTwoFiles(t *testing.T) {
	j := runOn(t, "resnet_external", backbone.Options{})
	dir := t.TempDir()
	j.Format, j.Out, j.maxFile = WholeONNX, filepath.Join(dir, "model.onnx"), 20_000
	for _, overwrite := range []bool{false, true} {
		j.Overwrite = overwrite
		result, err := j.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{j.Out, j.Out + deploy.DataSuffix}; !slices.Equal(result.Files, want) {
			t.Errorf("files %q, want %q", result.Files, want)
		}
		if names := inFolder(t, dir); !slices.Equal(names, []string{"model.onnx", "model.onnx.data"}) {
			t.Errorf("the folder has %q", names)
		}
	}
	// The file of weights alone is in the way, too, and nothing of the model is left.
	j.Overwrite = false
	if err := os.Remove(j.Out); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Run(t.Context()); !invalid.Is(err) || !strings.Contains(err.Error(), "model.onnx.data") {
		t.Errorf("got %v", err)
	}
	if names := inFolder(t, dir); !slices.Equal(names, []string{"model.onnx.data"}) {
		t.Errorf("the folder has %q", names)
	}
}

// A model that is too far from the pipeline, or whose comparison is interrupted, leaves nothing.
func TestNothingIsLeft(t *testing.T) {
	for _, format := range []string{WholeONNX, HeadONNX, Bundle} {
		j := runOn(t, "resnet_basic_11", backbone.Options{})
		dir := t.TempDir()
		j.Format, j.Out = format, filepath.Join(dir, "out")
		far := j
		far.Bound = math.SmallestNonzeroFloat64
		if format == Bundle {
			far.Bound = -1 // bundles don't differ at all
		}
		if _, err := far.Run(t.Context()); err == nil || invalid.Is(err) || !strings.Contains(err.Error(), "nothing was written") {
			t.Errorf("%s over the bound: %v", format, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stopped := j
		stopped.Progress = &pipelinetest.Recorder{OnAdd: func(string, int) { cancel() }}
		if _, err := stopped.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s interrupted: %v", format, err)
		}
		if names := inFolder(t, dir); len(names) > 0 {
			t.Errorf("%s: %q are left", format, names)
		}
		if _, err := j.Run(t.Context()); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// A difference that is no number is above every bound.
func TestComparisonCheck(t *testing.T) {
	for difference, ok := range map[float64]bool{0: true, 1e-3: true, 1.1e-3: false, math.Inf(1): false} {
		c := Comparison{Difference: difference, Bound: DefaultBound}
		if err := c.check(WholeONNX); (err == nil) != ok {
			t.Errorf("%v: %v", difference, err)
		}
	}
	c := Comparison{Difference: math.NaN(), Bound: DefaultBound}
	if c.check(WholeONNX) == nil {
		t.Error("NaN passes")
	}
}

// Generated images are the same in every run, and differ from each other.
func TestGeneratedImages(t *testing.T) {
	seen := map[string]bool{}
	for i := range comparedGenerated {
		a, errA := generatedImage(i)
		b, errB := generatedImage(i)
		if errA != nil || errB != nil || string(a) != string(b) || seen[string(a)] {
			t.Errorf("image %d: %v, %v", i, errA, errB)
		}
		seen[string(a)] = true
	}
}
