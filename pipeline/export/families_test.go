package export

import (
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/image/imagetest"
	"finetune/internal/onnx/deploy"
	"finetune/internal/ort/verify"
	"finetune/loss"
	"finetune/pipeline/calibration"
	"finetune/preprocess"
)

// bound is the largest |Δp| that an export may have.
const bound = 1e-3

// taps are several tensors for some networks; of densenet_dynamo the last alone is the same for all pictures.
var taps = map[string]string{
	"densenet_dynamo": backbone.Multi, "convnext_10": backbone.Multi, "swin_16": backbone.Multi,
}

// heads are what the networks are given in turn.
var heads = []headSpec{
	{loss: loss.CrossEntropy, decision: head.Argmax, threshold: 0.9},
	{loss: loss.EMD2, decision: head.Median, hidden: 7, t: 1.7, threshold: 0.7},
	{loss: loss.CORAL, decision: head.Mean, values: []float64{3, 9, 20, 40, 70}, threshold: 0.95},
	{loss: loss.CORN, decision: head.LeastDistance, hidden: 6, t: 0.6},
	{loss: loss.L2, decision: head.Median, positions: []float64{0, 1, 3, 4, 8}, threshold: 0.5},
}

// specs are preprocessings that the networks are given in turn.
func specs(t *testing.T) []preprocess.Spec {
	caffe := preset(t, "caffe")
	caffe.CropPct, caffe.Interpolation, caffe.Std = 0.9, preprocess.Bicubic, [3]float64{58, 57, 57}
	return []preprocess.Spec{preset(t, cropped), preset(t, squashed), caffe}
}

// exportDir names a folder that receives the models of TestFamilies with the answers expected of them, for
// testdata/check_export.py. All golden pictures are used then.
const exportDir = "FINETUNE_EXPORT_DIR"

// Every network of the fixtures, exported with both inputs, must give the pipeline's probabilities.
func TestFamilies(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(networks, "*.onnx"))
	if err != nil || len(files) < 60 {
		t.Fatalf("%d networks, %v", len(files), err)
	}
	names := []string{"jpeg-420.jpg", "tall.png", "wide.jpg", "one-pixel.jpg", "png-palette-transparent.png"}
	if os.Getenv(exportDir) != "" {
		names = nil
		for _, g := range imagetest.Load(t, pictures).Images {
			names = append(names, g.File)
		}
	}
	list := decoded(t, names...)
	for i, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testFamily(t, name, specs(t)[i%3], heads[i%len(heads)], names, list)
		})
	}
}

func testFamily(t *testing.T, name string, spec preprocess.Spec, about headSpec, names []string, list []*image.NRGBA) {
	if strings.Contains(name, "uint8") {
		spec.Scale, spec.Mean, spec.Std = 1, [3]float64{}, [3]float64{1, 1, 1}
	}
	o := backbone.Options{Tap: taps[name]}
	if o.Tap != "" {
		o.Pool = []int{1, 2}
	}
	p := newPipe(t, name, spec, o)
	rows := p.features(t, list)
	h := trained(t, about, rows, p.net.Dim(), p.origin())
	want := probabilities(t, h, rows)
	if same(want) {
		t.Errorf("the head says the same of all pictures: %v", want)
	}
	dir := os.Getenv(exportDir)
	if dir == "" {
		dir = t.TempDir()
	}
	for _, input := range []deploy.Input{deploy.Tensor, deploy.Image} {
		path := filepath.Join(dir, name+"."+string(input)+".onnx")
		paths, err := ONNX(t.Context(), path, h, p.network, Options{Input: input, Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(paths, []string{path}) {
			t.Errorf("files %v", paths)
		}
		got, err := verify.Compare(t.Context(), path, p.spec, samples(list, want), verify.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got.Samples != len(list) || !(got.Probability < bound) {
			t.Errorf("%s: %+v", input, got)
		}
		t.Logf("%s %s %s: |Δp| ≤ %.1e", name, about.loss, input, got.Probability)
	}
	if os.Getenv(exportDir) != "" {
		writeExpected(t, filepath.Join(dir, name+".json"), h, about, names, want)
	}
}

// writeExpected writes what a run answers for pictures.
func writeExpected(t *testing.T, path string, h *head.Head, about headSpec, names []string, probs []float32) {
	type answer struct {
		File          string    `json:"file"`
		Probabilities []float32 `json:"probabilities"`
		Class         int       `json:"class"`
		Low           int       `json:"low"`
		High          int       `json:"high"`
	}
	var list []answer
	for i, name := range names {
		p := probs[i*classes : (i+1)*classes]
		a := answer{File: name, Probabilities: p, Class: h.Decide(p), Low: -1, High: -1}
		if about.threshold > 0 {
			a.Low, a.High = calibration.Interval(p, a.Class, about.threshold)
		}
		list = append(list, a)
	}
	data, err := json.Marshal(list)
	if err == nil {
		err = os.WriteFile(path, data, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// same reports whether all rows are about the same distribution.
func same(probs []float32) bool {
	for i, p := range probs {
		if d := p - probs[i%classes]; d > 2e-3 || d < -2e-3 {
			return false
		}
	}
	return true
}
