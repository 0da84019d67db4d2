package backbone

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"finetune/internal/onnx/deploy"
	"finetune/internal/onnx/graph"
	"finetune/invalid"
)

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(testdata(name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	head := headModel(t)
	resnet := testdata("resnet_basic_11.onnx")
	for _, c := range []struct {
		name, path string
		options    Options
		want       string
	}{
		{"no file", filepath.Join(dir, "none.onnx"), Options{}, "none.onnx: no such file"},
		{"a folder", dir, Options{}, "a folder; expected a file"},
		{"an empty file", write("empty.onnx", nil), Options{}, "is empty"},
		{"a picture", write("face.jpg", []byte("\xff\xd8\xff\xe0")), Options{}, "is a JPEG image"},
		{"half a file", write("half.onnx", read("resnet_basic_11.onnx")[:50000]), Options{},
			"is no readable ONNX model"},
		{"weights that are gone", write("external.onnx", read("resnet_external.onnx")), Options{},
			"resnet_external.weights"},
		{"no image network", write("head.onnx", head), Options{Tap: "logits"}, "expected images of three channels"},
		{"a tap that isn't there", resnet, Options{Tap: "fc8"}, `Images.Tap: "fc8" is no tensor of`},
		{"a tap without a batch", testdata("odd_13.onnx"), Options{Tap: "/Tanh_output_0"},
			"expected the batch as the first axis"},
		{"no library", resnet, Options{Library: filepath.Join(dir, "none.so")}, "none.so"},
		{"a library of another kind", resnet, Options{Library: write("text.so", []byte("text"))}, "text.so"},
	} {
		b, err := Open(c.path, c.options)
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if b != nil {
			t.Errorf("%s: a network beside the error", c.name)
		}
	}
	if _, err := OpenBytes("embedded", read("resnet_external.onnx"), Options{}); !invalid.Is(err) {
		t.Errorf("bytes with weights elsewhere: %v", err)
	}
}

// Opening and closing must leave nothing: neither threads nor memory of the native library.
func TestNoLeaks(t *testing.T) {
	tensor, n := images(t, "images.npy")
	cycle := func() {
		b, err := Open(testdata("odd_13.onnx"), Options{Threads: 2, Tap: "/Transpose_1_output_0"})
		if err != nil {
			t.Fatal(err)
		}
		features(t, b, tensor, n)
		for range 2 {
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
		Open(testdata("resnet_basic_11.onnx"), Options{Tap: "fc8"})
	}
	for range 10 {
		cycle()
	}
	if runtime.GOOS != "linux" {
		t.Skip("threads and memory are counted in /proc")
	}
	threads, pages := process(t)
	for range 60 {
		cycle()
	}
	// Go's own threads come and go by a few; a session's would be 60.
	if more, after := process(t); more > threads+20 || after > pages+20<<20 {
		t.Errorf("from %d threads and %d MB to %d and %d MB", threads, pages>>20, more, after>>20)
	}
}

// process returns the process's threads and its resident bytes.
func process(t *testing.T) (threads, resident int) {
	t.Helper()
	runtime.GC()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			if err := json.Unmarshal([]byte(strings.Fields(rest)[0]), &resident); err != nil {
				t.Fatal(err)
			}
		}
	}
	return len(tasks), resident << 10
}

// Weights beside the network may be links, as download tools leave them.
func TestOpenFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	for name, target := range map[string]string{"net.onnx": "resnet_external.onnx",
		"resnet_external.weights": "resnet_external.weights"} {
		path, err := filepath.Abs(testdata(target))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	tensor, n := images(t, "images.npy")
	b := openPath(t, filepath.Join(dir, "net.onnx"), Options{Threads: 1})
	if cosine, _ := compare(features(t, b, tensor, n), torchFeatures(t)["resnet_basic_11"]); !(cosine > 0.99999) {
		t.Errorf("cosine %.7f", cosine)
	}
}

func TestInspect(t *testing.T) {
	d, err := Inspect(testdata("resnet_external.onnx"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Problem != "" || d.Image == nil || d.Image.Layout != graph.NCHW || d.Feature == nil ||
		d.Feature.Width != 32 || len(d.External) != 1 || d.Opset != 11 {
		t.Errorf("%+v", d)
	}
	b := openFixture(t, "resnet_external", Options{})
	if d.Digest != b.Digest() {
		t.Error("the digest of Inspect isn't that of Open")
	}
	if plain := openFixture(t, "resnet_basic_11", Options{}); plain.Digest() == b.Digest() {
		t.Error("two files have one digest")
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"shape":["batch",3,32,32]`, `"opset":11`, `"classifier":"Gemm"`,
		`"layout":"NCHW"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func TestInspectTellsTheProblem(t *testing.T) {
	head := headModel(t)
	d, err := InspectBytes("head.onnx", head, Options{Tap: "logits"})
	if err != nil {
		t.Fatal(err)
	}
	if d.Image != nil || d.Feature == nil || !strings.Contains(d.Problem, "expected images") ||
		d.Preprocessing != "preset imagenet" {
		t.Errorf("%+v", d)
	}
	if d, err = Inspect(testdata("odd_13.onnx"), Options{Tap: "nothing"}); err != nil || d.Feature != nil ||
		d.Image == nil || !strings.Contains(d.Problem, "Images.Tap") || len(d.Candidates) == 0 {
		t.Errorf("%+v, %v", d, err)
	}
}

// headModel is a model that takes features and no images.
func headModel(t *testing.T) []byte {
	t.Helper()
	m, err := deploy.Build("head", deploy.Design{
		Input: deploy.Features,
		Head: deploy.Head{
			Layers: []deploy.Dense{{In: 3, Out: 2, Weight: []float32{1, -1, 1, 0, 1, 2}, Bias: []float32{0, 1}}},
			Rule:   deploy.Softmax, Decision: deploy.Argmax,
		},
		Metadata: map[string]string{PreprocessingKey: "preset imagenet"},
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
