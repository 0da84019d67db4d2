package backbone

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"finetune/internal/onnx/graph"
	"finetune/invalid"

	ort "github.com/yalue/onnxruntime_go"
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
	head, err := graph.HeadModel(testHead())
	if err != nil {
		t.Fatal(err)
	}
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
		{"no image network", write("head.onnx", head), Options{}, "expected images of three channels"},
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
	head, err := graph.HeadModel(testHead())
	if err != nil {
		t.Fatal(err)
	}
	d, err := InspectBytes("head.onnx", head, Options{})
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

func testHead() graph.Head {
	return graph.Head{
		Layers: []graph.Dense{
			{In: 2, Out: 3, Weight: []float32{1, 2, 3, 4, 5, 6}, Bias: []float32{1, 0, -40}},
			{In: 3, Out: 2, Weight: []float32{1, -1, 1, 0, 1, 2}, Bias: []float32{0, 1}},
		},
		Probability: graph.Softmax,
		Metadata:    map[string]string{PreprocessingKey: "preset imagenet"},
	}
}

// A head that is written as a model computes what its weights say.
func TestHeadModelRuns(t *testing.T) {
	data, err := graph.HeadModel(testHead())
	if err != nil {
		t.Fatal(err)
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(data, []string{"features"},
		[]string{"logits", "probabilities"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Destroy()
	in, err := ort.NewTensor(ort.NewShape(2, 2), []float32{1, 1, 0, -1})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Destroy()
	out := []ort.Value{nil, nil}
	if err := session.Run([]ort.Value{in}, out); err != nil {
		t.Fatal(err)
	}
	for _, v := range out {
		defer v.Destroy()
	}
	// (1,1): hidden 4, 7, max(0, -29); (0,-1): hidden max(0,-1), max(0,-4), max(0,-46).
	if got, want := out[0].(*ort.Tensor[float32]).GetData(), [4]float32{-3, 8, 0, 1}; [4]float32(got) != want {
		t.Errorf("logits %v, want %v", got, want)
	}
	if p := out[1].(*ort.Tensor[float32]).GetData(); p[3] < 0.731058 || p[3] > 0.731059 { // 1/(1+1/e)
		t.Errorf("probabilities %v", p)
	}
}
