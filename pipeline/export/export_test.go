package export

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/augment"
	"finetune/backbone"
	"finetune/head"
	"finetune/internal/onnx/deploy"
	"finetune/internal/onnx/graph"
	"finetune/internal/ort/verify"
	"finetune/internal/store/npy"
	"finetune/invalid"
	"finetune/loss"
	"finetune/preprocess"

	"github.com/disintegration/imaging"
)

// preset returns the preprocessing of that name: imagenet crops, siglip squashes.
func preset(t testing.TB, name string) preprocess.Spec {
	t.Helper()
	s, err := preprocess.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const cropped, squashed = "imagenet", "siglip"

// A run that predicts by the image and its mirror image is exported as that, with the temperature on the mean.
func TestMirror(t *testing.T) {
	list := append(decoded(t, "jpeg-420.jpg", "tall.png", "wide.jpg"), noise(61, 44))
	plan := augment.Plan{Kinds: augment.Flip}
	both := slices.Clone(list)
	for _, img := range list {
		both = append(both, imaging.FlipH(img))
	}
	for i, spec := range heads {
		for _, c := range []struct {
			net, spec string
			input     deploy.Input
		}{{"resnet_basic_11", cropped, deploy.Image}, {"keras_13", squashed, deploy.Image},
			{"resnet_basic_11", squashed, deploy.Tensor}, {"keras_13", squashed, deploy.Tensor},
			{"static_batch4_11", squashed, deploy.Image}} {
			p := newPipe(t, c.net, preset(t, c.spec), backbone.Options{})
			rows := p.features(t, both)
			h := trained(t, spec, rows, p.net.Dim(), p.origin())
			each := probabilities(t, h.Untempered(), rows)
			want := make([]float32, len(each)/2)
			for j := range want {
				want[j] = (each[j] + each[len(want)+j]) / 2
			}
			for r := range slices.Chunk(want, classes) {
				h.Temper(r)
			}
			path := filepath.Join(t.TempDir(), "model.onnx")
			if _, err := ONNX(t.Context(), path, h, p.network, Options{Input: c.input, Views: 2, Plan: plan}); err != nil {
				t.Fatal(err)
			}
			got, err := verify.Compare(t.Context(), path, p.spec, samples(list, want), verify.Options{Threads: 1})
			if err != nil || !(got.Probability < bound) || got.Samples != len(list) {
				t.Errorf("head %d on %s, %s: %+v, %v", i, c.net, c.input, got, err)
			}
			alone := probabilities(t, h, rows)[:len(want)]
			if far := distanceOf(alone, want); far < 10*bound {
				t.Errorf("head %d on %s: the mirror image changes nothing", i, c.net)
			}
		}
	}
}

func distanceOf(a, b []float32) (most float64) {
	for i := range a {
		most = max(most, float64(max(a[i]-b[i], b[i]-a[i])))
	}
	return most
}

// What a model can't do is refused with the reason.
func TestRefuses(t *testing.T) {
	list := decoded(t, "jpeg-420.jpg", "tall.png")
	const net = "resnet_basic_11"
	views := func(in deploy.Input, n int, kinds augment.Kinds) Options {
		return Options{Input: in, Views: n, Plan: augment.Plan{Kinds: kinds}}
	}
	for _, c := range []struct {
		name, net, spec string
		o               Options
		want            string
	}{
		{"drawn views", net, squashed, views(deploy.Image, 4, augment.All), "some of them drawn at random"},
		{"a drawn view", net, squashed, views(deploy.Image, 2, augment.Crop), "some of them drawn at random"},
		{"a mirrored crop", net, cropped, views(deploy.Tensor, 2, augment.Flip), "a cropped tensor"},
		{"mirrored features", net, cropped, views(deploy.Features, 2, augment.Flip), "features, of a run"},
		{"a batch of one", "embedding_batch1_9", squashed, views(deploy.Image, 2, augment.Flip), "takes 1 images"},
	} {
		p := newPipe(t, c.net, preset(t, c.spec), backbone.Options{})
		h := trained(t, heads[0], p.features(t, list), p.net.Dim(), p.origin())
		path := filepath.Join(t.TempDir(), "model.onnx")
		_, err := ONNX(t.Context(), path, h, p.network, c.o)
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file", c.name)
		}
	}
	p := newPipe(t, "resnet_basic_11", preset(t, squashed), backbone.Options{})
	rows := p.features(t, list)
	h := trained(t, heads[0], rows[:2*(p.net.Dim()-1)], p.net.Dim()-1, p.origin())
	path := filepath.Join(t.TempDir(), "m.onnx")
	if _, err := ONNX(t.Context(), path, h, p.network, Options{Input: deploy.Image}); !invalid.Is(err) {
		t.Errorf("a head for other features: %v", err)
	}
	old := &Network{Model: pixels(t, 8, preprocess.Spec{Height: 4, Width: 4}).Model}
	old.Feature, _ = old.Model.FindFeature("logits", nil)
	h = trained(t, heads[0], noiseRows(10, 48), 48, head.Origin{Preprocessing: preset(t, squashed).String()})
	_, err := ONNX(t.Context(), path, h, old, Options{Input: deploy.Tensor})
	if !invalid.Is(err) || !strings.Contains(err.Error(), "operator set 8") {
		t.Errorf("an old operator set: %v", err)
	}
}

func noiseRows(n, width int) []float32 {
	rows := make([]float32, 0, n*width)
	for i, v := range noise(n, width).Pix {
		if i%4 == 0 {
			rows = append(rows, float32(v))
		}
	}
	return rows
}

// Weights of another file, and those of a model over the limit, give the same answers from one file and from two.
func TestExternalData(t *testing.T) {
	list := decoded(t, "jpeg-420.jpg", "tall.png")
	for _, name := range []string{"resnet_external", "resnet_half", "mobilenet_v2_13_qlinear", "clip_vision_14"} {
		p := newPipe(t, name, preset(t, squashed), backbone.Options{})
		rows := p.features(t, list)
		h := trained(t, heads[1], rows, p.net.Dim(), p.origin())
		want := probabilities(t, h, rows)
		for _, limit := range []int64{0, 20_000} {
			dir := t.TempDir()
			path := filepath.Join(dir, "model.onnx")
			files, err := ONNX(t.Context(), path, h, p.network, Options{Input: deploy.Image, MaxFile: limit})
			if err != nil {
				t.Fatal(err)
			}
			entries, _ := os.ReadDir(dir)
			expected := []string{path, path + deploy.DataSuffix}[:1+min(limit, 1)]
			if !slices.Equal(files, expected) || len(entries) != len(expected) {
				t.Fatalf("%s: files %v, %d in the folder, want %v", name, files, len(entries), expected)
			}
			got, err := verify.Compare(t.Context(), path, p.spec, samples(list, want), verify.Options{Threads: 1})
			if err != nil || !(got.Probability < bound) {
				t.Errorf("%s, limit %d: %+v, %v", name, limit, got, err)
			}
		}
	}
	p := newPipe(t, "resnet_external", preset(t, squashed), backbone.Options{})
	h := trained(t, heads[0], p.features(t, list), p.net.Dim(), p.origin())
	p.network.Dir = t.TempDir()
	dir := t.TempDir()
	if _, err := ONNX(t.Context(), filepath.Join(dir, "m.onnx"), h, p.network, Options{Input: deploy.Image}); !invalid.Is(err) {
		t.Errorf("weights that are gone: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
}

// The same head gives the same bytes, with its description in the metadata.
func TestMetadata(t *testing.T) {
	p := newPipe(t, "resnet_basic_11", preset(t, squashed), backbone.Options{})
	spec := headSpec{loss: loss.EMD2, decision: head.Median, t: 1.25, threshold: 0.75,
		positions: []float64{0, 1, 2, 3, 5}, values: []float64{1, 2, 3, 4, 6}}
	h := trained(t, spec, p.features(t, decoded(t, "jpeg-420.jpg", "tall.png")), p.net.Dim(), p.origin())
	var first []byte
	for range 3 {
		path := filepath.Join(t.TempDir(), "model.onnx")
		if _, err := ONNX(t.Context(), path, h, p.network, Options{Input: deploy.Image, Version: "v1.2.3"}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		}
		if !bytes.Equal(data, first) {
			t.Fatal("other bytes")
		}
	}
	m, err := graph.Parse("model.onnx", first)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"finetune.format": "1", "finetune.version": "v1.2.3", "finetune.order": "ascending",
		"finetune.classes": `["a","b","c","d","e"]`, "finetune.positions": "[0,1,2,3,5]",
		"finetune.values":   "[1,2,3,4,6]",
		"finetune.decision": "median", "finetune.temperature": "1.25", "finetune.loss": "emd2",
		"finetune.coverage": "0.9", "finetune.set_threshold": "0.75", "finetune.probability": "softmax",
		"finetune.backbone": p.net.Digest(), "finetune.tap": p.net.Feature().Text,
		backbone.PreprocessingKey: p.spec.String(),
	} {
		if got := m.Metadata(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if d := m.Metadata("finetune.head"); len(d) != 64 {
		t.Errorf("the head's digest is %q", d)
	}
	if in := m.Inputs()[0].String(); in != "image uint8 N×height×width×3" {
		t.Error(in)
	}
	var outs []string
	for _, v := range m.Outputs() {
		outs = append(outs, v.String())
	}
	want := []string{"logits float32 N×5", "probabilities float32 N×5", "class int64 N", "expected float32 N",
		"low int64 N", "high int64 N"}
	if !slices.Equal(outs, want) {
		t.Errorf("outputs %q, want %q", outs, want)
	}
}

// The weights in both forms come back as they are.
func TestWeights(t *testing.T) {
	h := trained(t, heads[1], noiseRows(9, 6), 6, head.Origin{Tap: "<f>"})
	layers := h.Network().Layers
	want := map[string][]float32{
		"hidden.weight": layers[0].Weight, "hidden.bias": layers[0].Bias,
		"weight": layers[1].Weight, "bias": layers[1].Bias,
	}

	var text bytes.Buffer
	if err := JSON(&text, h, "v1"); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Metadata map[string]string
		Tensors  map[string]tensorJSON
	}
	if err := json.Unmarshal(text.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if read.Metadata["tap"] != "<f>" || read.Metadata["finetune.version"] != "v1" || len(read.Tensors) != 4 {
		t.Errorf("%v, %d tensors", read.Metadata, len(read.Tensors))
	}
	for name, data := range want {
		if got := read.Tensors[name]; !slices.Equal(got.Data, data) {
			t.Errorf("%s: %+v, want %v", name, got, data)
		}
	}

	var file, again bytes.Buffer
	if err := errors.Join(NPZ(&file, h, "v1"), NPZ(&again, h, "v1")); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Error("other bytes")
	}
	if dir := os.Getenv(exportDir); dir != "" {
		_, err := ONNX(t.Context(), filepath.Join(dir, "head.onnx"), h, nil, Options{Input: deploy.Features})
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "head.json"), text.Bytes(), 0o666))
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "head.npz"), file.Bytes(), 0o666))
		if err != nil {
			t.Fatal(err)
		}
	}
	z, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var metadata map[string]string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		switch name := strings.TrimSuffix(f.Name, ".npy"); {
		case f.Name == MetadataMember:
			err = json.NewDecoder(r).Decode(&metadata)
		case strings.HasSuffix(name, "bias"): // package npy reads matrices alone; check_export.py reads all with NumPy
			var data []byte
			if data, err = io.ReadAll(r); err == nil && len(data) != 128+4*len(want[name]) {
				t.Errorf("%s takes %d bytes", name, len(data))
			}
		default:
			var got []float32
			if _, got, err = npy.Read(r); err == nil && !slices.Equal(got, want[name]) {
				t.Errorf("%s: %v, want %v", name, got, want[name])
			}
		}
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if len(z.File) != 5 || metadata["tap"] != "<f>" {
		t.Errorf("%d members, %v", len(z.File), metadata)
	}
}

// A caller that stops gets its error, and nothing runs on.
func TestCompareStops(t *testing.T) {
	p := newPipe(t, "resnet_basic_11", preset(t, squashed), backbone.Options{})
	list := []*image.NRGBA{noise(9, 9), noise(8, 9)}
	h := trained(t, heads[0], p.features(t, list), p.net.Dim(), p.origin())
	path := filepath.Join(t.TempDir(), "m.onnx")
	if _, err := ONNX(t.Context(), path, h, p.network, Options{Input: deploy.Image}); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("unreadable")
	broken := func(yield func(verify.Sample, error) bool) { yield(verify.Sample{}, stop) }
	_, err := verify.Compare(t.Context(), path, p.spec, broken, verify.Options{})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	alone := filepath.Join(t.TempDir(), "head.onnx")
	if _, err := ONNX(t.Context(), alone, h, nil, Options{Input: deploy.Features}); err != nil {
		t.Fatal(err)
	}
	_, err = verify.Compare(t.Context(), alone, p.spec, samples(list, nil), verify.Options{})
	if err == nil || !strings.Contains(err.Error(), "takes no images") {
		t.Errorf("a head alone: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = verify.Compare(ended, path, p.spec, samples(list, nil), verify.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	wrong := slices.Repeat([]float32{0.2}, 10)
	d, err := verify.Compare(t.Context(), path, p.spec, samples(list, wrong), verify.Options{})
	if err != nil || d.Probability < bound {
		t.Errorf("other probabilities: %+v, %v", d, err)
	}
}
