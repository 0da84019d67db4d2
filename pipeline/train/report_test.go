package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// gallerySample is four held-out images of three classes, of which the files of the last two can't be shown.
func gallerySample(t *testing.T) *galleryMaker {
	t.Helper()
	broken := filepath.Join(t.TempDir(), "broken.jpg")
	if err := os.WriteFile(broken, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(filepath.Dir(pipelinetest.Demo), "images", "*", "*.jpg"))
	if err != nil || len(found) == 0 {
		t.Fatal("no demo picture", err)
	}
	good := found[0]
	return &galleryMaker{made: map[int]report.Image{}, said: &crossval.Predictions{
		Items: []dataset.Item{{Path: "right", File: good, Label: 0}, {Path: "one off", File: good, Label: 1},
			{Path: "two off", File: broken, Label: 0}, {Path: "two off and sure", File: broken + ".gone", Label: 2}},
		Probabilities: []float32{.8, .1, .1, .9, .1, 0, .2, .2, .6, 1, 0, 0},
		Classes:       []int{0, 0, 2, 0},
	}}
}

func TestGalleries(t *testing.T) {
	g := gallerySample(t)
	if got, want := g.worst(), []int{3, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("the worst mistakes are %v, want %v", got, want)
	}
	if got, want := g.leastSure(), []int{2, 0, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("the least sure are %v, want %v", got, want)
	}
	list, err := g.gallery(t.Context(), g.worst())
	if err != nil || list.Total != 3 {
		t.Fatal(err, list.Total)
	}
	for i, want := range []string{"no such file", "no picture: ", ""} {
		im := list.Images[i]
		if !strings.Contains(im.Missing, want) || (im.Thumbnail == nil) != (want != "") || want == "" && im.Missing != "" {
			t.Errorf("%s: %d bytes, %q", im.Path, len(im.Thumbnail), im.Missing)
		}
	}
	g = gallerySample(t)
	g.withoutFiles = true
	if im, err := g.image(t.Context(), 0); err != nil || im.Thumbnail != nil || im.Missing != "" {
		t.Errorf("features came alone: %v, %d bytes, %q", err, len(im.Thumbnail), im.Missing)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.gallery(ctx, []int{0}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

func TestByLabel(t *testing.T) {
	got := gallerySample(t).said.SumByLabel()
	for i, want := range [][]float64{{1, .3, .7}, {.9, .1, 0}, {1, 0, 0}} {
		for j, v := range want {
			if d := got[i][j] - v; d > 1e-6 || d < -1e-6 {
				t.Errorf("class %d: %v, want %v", i, got[i], want)
			}
		}
	}
}

func TestGroundOf(t *testing.T) {
	positions, matrix := loss.Positions([]float64{0, 1, 4}), loss.Matrix([]float64{0, 1, 2, 1, 0, 1, 2, 1, 0})
	for _, c := range []struct {
		name   string
		ground loss.GroundDistance
		first  float64 // from class 0 to 1; 0: there are none
	}{
		{loss.EMD2, loss.Ordered(), 0}, {loss.EMD2, positions, .25}, {loss.XEMD2, matrix, 1}, {loss.Sinkhorn, matrix, 1},
		{loss.L2, positions, .25}, {loss.CrossEntropy, positions, 0}, {loss.CORN, positions, 0},
	} {
		g := groundOf(loss.Config{Name: c.name, Classes: 3, Ground: c.ground})
		if (g == nil) != (c.first == 0) || g != nil && g.Distances[1] != c.first {
			t.Errorf("%s: %+v, want %v first", c.name, g, c.first)
		}
	}
}

func TestSettings(t *testing.T) {
	value := 1.5
	sections, err := run.Settings(run.Config{Finetune: "test", Head: head.Config{Loss: loss.Config{Name: "emd2"}, Threads: 7}, Classes: []run.ClassConfig{{Name: "a,b", Value: &value}},
		Data: run.DataConfig{Bins: []float64{0, 3}}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	found := map[string]string{}
	for _, s := range sections {
		names = append(names, s.Name)
		for _, v := range s.Settings {
			found[s.Name+": "+v.Name] = v.Value
		}
	}
	if want := []string{"general", "data", "split", "head", "calibrate", "classes"}; !slices.Equal(names, want) {
		t.Errorf("sections %v, want %v", names, want)
	}
	for name, want := range map[string]string{"general: finetune": "test", "head: loss · name": "emd2", "data: bins": "[0, 3]", "classes: 1 · name": "a,b", "classes: 1 · value": "1.5"} {
		if found[name] != want {
			t.Errorf("%s is %q, want %q", name, found[name], want)
		}
	}
	if _, ok := found["head: threads"]; ok {
		t.Error("the number of threads changes the page")
	}
}

func TestGroupCount(t *testing.T) {
	if n := crossval.CountGroups([]dataset.Item{{Group: "a"}, {}, {Group: "b"}, {Group: "a"}}); n != 2 {
		t.Errorf("%d groups, want 2", n)
	}
}

// A class that is only in training must break nothing, nor must a run without a test part.
func TestTrainedOn(t *testing.T) {
	record := run.Config{Data: run.DataConfig{Path: "x", Images: 9}, Features: "f", Split: run.SplitConfig{Train: 6, Val: 3, HeldOut: "val"}, Classes: []run.ClassConfig{{Name: "a"}, {Name: "b"}}}
	space, err := label.New([]string{"a", "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := head.New(head.Network{Layers: []head.Layer{{In: 1, Out: 2, Weight: make([]float32, 2), Bias: make([]float32, 2)}}},
		head.Description{Space: space, Loss: loss.Config{Name: loss.EMD2, Classes: 2}, Decision: head.Median})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range trainedOn(record, &Result{Head: h, Epochs: 3, BestEpoch: 2}, head.Median) {
		all = append(all, s.Name+": "+s.Value)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"the features in f", "a < b", "3 for early stopping and for the figures", "not known"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	set := &dataset.Set{Space: space, Items: []dataset.Item{{Label: 0}, {Label: 1}, {Label: 0}}}
	if got := classParts(set, dataset.Partition{Train: []int{0, 1}, Val: []int{2}}); got[0].Train != 1 || got[0].Val != 1 || got[1].HeldOut != 0 {
		t.Errorf("%+v", got)
	}
}
