package backbone

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
)

// Every network must give torch's own features, at batch sizes that fit and that don't.
func TestFeaturesAgreeWithTorch(t *testing.T) {
	golden := torchFeatures(t)
	if len(golden) < 19 {
		t.Fatalf("features of %d networks", len(golden))
	}
	for name, want := range golden {
		file := "images.npy"
		if strings.HasPrefix(name, "nhwc") {
			file = "images_nhwc.npy"
		}
		tensor, n := images(t, file)
		for _, batch := range []int{0, 2} {
			b := openFixture(t, name, Options{Threads: 1, MaxBatch: batch})
			if b.Dim() != len(want[0]) {
				t.Errorf("%s: %d wide, want %d (%+v)", name, b.Dim(), len(want[0]), b.Feature())
				continue
			}
			cosine, diff := compare(features(t, b, tensor, n), want)
			if !(cosine > 0.99999) || diff > 1e-4 {
				t.Errorf("%s by %d: cosine %.7f, difference %g (%+v)", name, batch, cosine, diff, b.Feature())
			}
		}
	}
}

// Files that fix the batch are filled up, and run again for what is left.
func TestFixedBatches(t *testing.T) {
	data, err := os.ReadFile(testdata("resnet_basic_11.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	want := torchFeatures(t)["resnet_basic_11"]
	tensor, n := images(t, "images.npy")
	for _, batch := range []int64{1, 2, 7} {
		var pb onnxpb.ModelProto
		if err := proto.Unmarshal(data, &pb); err != nil {
			t.Fatal(err)
		}
		axis := pb.Graph.Input[0].Type.GetTensorType().Shape.Dim[0]
		axis.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: batch}
		fixed, err := proto.Marshal(&pb)
		if err != nil {
			t.Fatal(err)
		}
		b, err := OpenBytes("fixed.onnx", fixed, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if cosine, diff := compare(features(t, b, tensor, n), want); !(cosine > 0.99999) || diff > 1e-4 ||
			b.Input().Batch != int(batch) {
			t.Errorf("batch of %d: cosine %.7f, difference %g (%+v)", batch, cosine, diff, b.Input())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Variants of one network give the same features: weights beside it, half precision, a map that
// is pooled in the graph, a tap whose shape only a run can tell.
func TestVariants(t *testing.T) {
	golden := torchFeatures(t)
	tensor, n := images(t, "images.npy")
	for _, c := range []struct {
		file, tap, like string
		cosine          float64
	}{
		{"resnet_external", "", "resnet_basic_11", 0.99999},
		{"resnet_half", "", "resnet_basic_11", 0.9999},
		{"resnet_basic_11", "/layer4/layer4.0/relu_1/Relu_output_0", "resnet_basic_11", 0.99999},
		{"resnet_basic_11", "/layer4/layer4.0/relu_1/Relu", "resnet_basic_11", 0.99999},
		{"odd_13", "/Transpose_1_output_0", "odd_13", 0.99999},
	} {
		b := openFixture(t, c.file, Options{Tap: c.tap, Threads: 1})
		want := golden[c.like]
		if b.Dim() != len(want[0]) {
			t.Errorf("%s at %q: %d wide, want %d", c.file, c.tap, b.Dim(), len(want[0]))
			continue
		}
		if shape := b.Feature().Taps[0].Tensor.Shape; len(shape) < 2 || shape[0].Fixed() {
			t.Errorf("%s at %q: the tap's shape is %v", c.file, c.tap, shape)
		}
		if cosine, diff := compare(features(t, b, tensor, n), want); !(cosine > c.cosine) {
			t.Errorf("%s at %q: cosine %.7f, difference %g", c.file, c.tap, cosine, diff)
		}
	}
}

func TestOpenSize(t *testing.T) {
	b := openFixture(t, "squeezenet_11", Options{})
	if in := b.Input(); in.Height != 0 || in.Width != 0 || in.Batch != 0 {
		t.Fatalf("input %+v", in)
	}
	features(t, b, make([]float32, 2*3*48*48), 2)
	if err := b.Features(t.Context(), make([]float32, 3*40*41), 1, make([]float32, b.Dim())); err == nil {
		t.Error("images that aren't square must be refused")
	}
}

func TestAccessors(t *testing.T) {
	b := openFixture(t, "nhwc_uint8_13", Options{})
	if in := b.Input(); in.Layout != "NHWC" || in.Type != "uint8" || in.Height != 32 || in.Width != 32 {
		t.Errorf("input %+v", in)
	}
	if tap := b.Feature().Taps[0]; tap.Classifier != "Gemm" || tap.Classes != 10 || tap.Width != b.Dim() {
		t.Errorf("tap %+v", tap)
	}
	if len(b.Digest()) != 64 || !strings.HasPrefix(b.RuntimeVersion(), "1.") || b.Preprocessing() != "" {
		t.Errorf("digest %q, runtime %q, preprocessing %q", b.Digest(), b.RuntimeVersion(), b.Preprocessing())
	}
}

func TestConcurrentRuns(t *testing.T) {
	tensor, n := images(t, "images.npy")
	b := openFixture(t, "shufflenet_16", Options{Threads: 1})
	want := features(t, b, tensor, n)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 10 {
				out := make([]float32, n*b.Dim())
				if err := b.Features(t.Context(), tensor, n, out); err != nil {
					t.Error(err)
				} else if !slices.Equal(out, want) {
					t.Error("runs side by side differ")
				}
			}
		})
	}
	group.Wait()
}

func TestContext(t *testing.T) {
	b := openFixture(t, "densenet_12", Options{Threads: 1})
	const n = 4000
	tensor, out := make([]float32, n*3*32*32), make([]float32, n*b.Dim())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Features(ended, tensor, n, out); !errors.Is(err, context.Canceled) {
		t.Errorf("ended before: %v", err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := b.Features(soon, tensor, n, out); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended in the middle: %v", err)
	}
	features(t, b, tensor[:3*32*32], 1) // and it still runs
}

func TestFeaturesRefuses(t *testing.T) {
	b := openFixture(t, "resnet_basic_11", Options{Threads: 1})
	image := 3 * 32 * 32
	broken := make([]float32, 2*image)
	broken[image] = float32(math.NaN())
	for _, c := range []struct {
		name      string
		tensor    []float32
		n, room   int
		want      string
		ofTheUser bool
	}{
		{"a short tensor", make([]float32, image-1), 1, b.Dim(), "3×32×32", false},
		{"little room", make([]float32, image), 1, b.Dim() - 1, "room for", false},
		{"a broken image", broken, 2, 2 * b.Dim(), "of image 1 of the batch is NaN; expected finite numbers", true},
	} {
		err := b.Features(t.Context(), c.tensor, c.n, make([]float32, c.room))
		if err == nil || !strings.Contains(err.Error(), c.want) || invalid.Is(err) != c.ofTheUser {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if err := b.Features(t.Context(), nil, 0, nil); err != nil {
		t.Errorf("no images: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Features(t.Context(), make([]float32, image), 1, make([]float32, b.Dim())); err == nil {
		t.Error("a closed network must not run")
	}
}
