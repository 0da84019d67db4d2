package backbone

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// small returns a network of the given nodes, in protobuf's text form: x, N×3×8×8, to y.
func small(t *testing.T, nodes string) []byte {
	t.Helper()
	pb := new(onnxpb.ModelProto)
	err := prototext.Unmarshal([]byte(`ir_version: 8 opset_import { version: 13 } graph { name: "g" `+nodes+`
		input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_param: "N" } dim { dim_value: 3 }
			dim { dim_value: 8 } dim { dim_value: 8 } } } } } output { name: "y" } }`), pb)
	if err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(pb)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const pooled = `node { op_type: "GlobalAveragePool" input: "x" output: "p" } node { op_type: "Flatten" input: "p" output: "f" } `

// Weights in the external data of a Constant are part of the digest, and are found beside the network only.
func TestDigestCoversExternalConstants(t *testing.T) {
	dir := t.TempDir()
	path, weights := filepath.Join(dir, "net.onnx"), filepath.Join(dir, "w.bin")
	write := func(path string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(path, small(t, pooled+`node { op_type: "Constant" output: "w" attribute { name: "value" type: TENSOR t { dims: [3, 2] data_type: 1
		data_location: EXTERNAL external_data { key: "location" value: "w.bin" } external_data { key: "length" value: "24" } } } }
		node { op_type: "MatMul" input: ["f", "w"] output: "z" } node { op_type: "Relu" input: "z" output: "y" }`))
	t.Chdir(t.TempDir())
	write("w.bin", make([]byte, 24)) // not beside the network
	if _, err := Open(path, Options{Tap: "y"}); !invalid.Is(err) || !strings.Contains(err.Error(),
		`its weights in "w.bin" can't be read`) {
		t.Errorf("weights in the current directory: %v", err)
	}
	digests, rows := map[string]bool{}, map[float32]bool{}
	for _, value := range []byte{0x3f, 0x40} { // 0.5, 2
		data := make([]byte, 24)
		for i := 3; i < len(data); i += 4 {
			data[i] = value
		}
		write(weights, data)
		b := openPath(t, path, Options{Tap: "y"})
		d, err := Inspect(path, Options{Tap: "y"})
		if err != nil || d.Digest != b.Digest() || !slices.Equal(d.External, []string{"w.bin"}) {
			t.Errorf("%+v, %v", d, err)
		}
		digests[b.Digest()] = true
		rows[features(t, b, slices.Repeat([]float32{1}, 3*64), 1)[0]] = true
	}
	if len(digests) != 2 || !rows[1.5] || !rows[6] {
		t.Errorf("digests %v, features %v", digests, rows)
	}
}

// A shape that holds one image, in a network that declares any batch, makes images go through one at a time.
func TestBatchOfOneWrittenIntoAShape(t *testing.T) {
	shape := `node { op_type: "Constant" output: "s" attribute { name: "value_ints" type: INTS ints: [1, 3] } } `
	images := make([]float32, 5*3*64)
	for i := range images {
		images[i] = float32(i / (3 * 64))
	}
	want := []float32{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}
	for _, c := range []struct {
		name, nodes string
		before      int // notes before the first run
	}{
		{"the feature's own", pooled + shape + `node { op_type: "Reshape" input: ["f", "s"] output: "y" }`, 1},
		{"hidden before it", pooled + shape + `node { op_type: "Reshape" input: ["f", "s"] output: "r" }
			node { op_type: "Shape" input: "x" output: "sx" } node { op_type: "Constant" output: "i" attribute { name: "value_ints" type: INTS ints: 0 } }
			node { op_type: "Gather" input: ["sx",
				"i"] output: "n" } node { op_type: "Constant" output: "m" attribute { name: "value_ints" type: INTS ints: -1 } }
			node { op_type: "Concat" input: ["n", "m"] output: "to" attribute { name: "axis" type: INT i: 0 } }
			node { op_type: "Reshape" input: ["r", "to"] output: "y" }`, 0},
	} {
		b, err := OpenBytes(c.name, small(t, c.nodes), Options{Tap: "y", Threads: 1})
		if err != nil {
			t.Fatal(c.name, err)
		}
		if len(b.Notes()) != c.before {
			t.Errorf("%s: notes %q before the run", c.name, b.Notes())
		}
		for range 2 {
			if got := features(t, b, images, 5); !slices.Equal(got, want) {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		if len(b.Notes()) != 1 || !strings.Contains(b.Notes()[0], "one image at a time") {
			t.Errorf("%s: notes %q", c.name, b.Notes())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Features that aren't finite name their images; the rows of the others are valid.
func TestNotFiniteNamesRows(t *testing.T) {
	b, err := OpenBytes("net", small(t, pooled+`node { op_type: "Div" input: ["f", "f"] output: "y" }`),
		Options{Tap: "y", MaxBatch: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	images := slices.Repeat([]float32{1}, 5*3*64)
	clear(images[1*3*64 : 2*3*64])
	clear(images[4*3*64:])
	out := make([]float32, 15)
	err = b.Features(t.Context(), images, 5, out)
	var bad *NotFiniteError
	if !errors.As(err, &bad) || !slices.Equal(bad.Rows, []int{1, 4}) || !invalid.Is(err) ||
		!strings.Contains(err.Error(), "image 1 of the batch is NaN") {
		t.Fatalf("%v", err)
	}
	for row := range 5 {
		if isNaN := math.IsNaN(float64(out[3*row])); isNaN != slices.Contains(bad.Rows, row) || !isNaN &&
			out[3*row] != 1 {
			t.Errorf("row %d: %v", row, out[3*row:][:3])
		}
	}
}

// Features in float16 are rounded; an image with one that is too large is named.
func TestHalfFeatures(t *testing.T) {
	b, err := OpenBytes("net", small(t, pooled), Options{Tap: "f", MaxBatch: 2, FeaturePrecision: Float16})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	images := slices.Repeat([]float32{1.0001}, 3*3*64)
	for i := range images[3*64 : 2*3*64] {
		images[3*64+i] = 65600
	}
	out := make([]float32, 9)
	err = b.Features(t.Context(), images, 3, out)
	var bad *NotFiniteError
	if !errors.As(err, &bad) || !slices.Equal(bad.Rows, []int{1}) || !invalid.Is(err) || !strings.Contains(err.Error(), "at most 65504") {
		t.Errorf("%v", err)
	}
	for _, row := range []int{0, 2} {
		if out[3*row] != 1 {
			t.Errorf("row %d: %v, want 1", row, out[3*row:][:3])
		}
	}
}

// Special files and a context that has ended must not keep a network from being refused.
func TestOpenDoesNotHang(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	path := testdata("resnet_basic_11.onnx")
	if _, err := OpenContext(ended, path, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
	if _, err := OpenMapsContext(ended, path, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("open maps: %v", err)
	}
	if _, err := InspectContext(ended, path, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("inspect: %v", err)
	}
	if _, err := os.Stat(os.DevNull); err != nil {
		t.Skip("no devices here")
	}
	if _, err := Inspect(os.DevNull, Options{}); !invalid.Is(err) || !strings.Contains(err.Error(), "a device") {
		t.Errorf("a device: %v", err)
	}
	dir := t.TempDir()
	data, err := os.ReadFile(testdata("resnet_external.onnx"))
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "net.onnx"), data, 0o666),
			os.Symlink("/dev/zero", filepath.Join(dir, "resnet_external.weights")))
	}
	if err != nil {
		t.Skip(err)
	}
	if _, err := Inspect(filepath.Join(dir, "net.onnx"), Options{}); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "a device") {
		t.Errorf("weights in a device: %v", err)
	}
}
