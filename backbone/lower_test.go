package backbone

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

// pictures returns the images of a file, one tensor each.
func pictures(t testing.TB, name string) [][]float32 {
	t.Helper()
	tensor, n := images(t, name)
	return slices.Collect(slices.Chunk(tensor, len(tensor)/n))
}

// noise returns tensors of 3 × 32 × 32 from −2 to 2, those of make_int8.py.
func noise(first, count int) (list [][]float32) {
	const size = 3 * 32 * 32
	for i := range count {
		tensor := make([]float32, size)
		for k := range tensor {
			h := uint32(uint64((first+i)*size+k)*2654435761 + 12345)
			h = (h ^ h>>15) * 2246822519
			h ^= h >> 13
			tensor[k] = float32(float64(h)/(1<<32)*4 - 2)
		}
		list = append(list, tensor)
	}
	return list
}

// lowerFixture makes a fixture cheaper and opens the result, which must have the feature of the fixture.
func lowerFixture(t *testing.T, name string, o Options, l Lowering) (*Lowered, *Backbone) {
	t.Helper()
	low, err := Lower(t.Context(), testdata(name+".onnx"), o, l)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBytes(name, low.Data, Options{Tap: low.Feature.Text, Threads: o.Threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return low, b
}

// Networks of all families keep their features, over which the report says the truth.
func TestLower(t *testing.T) {
	list := pictures(t, "images.npy")
	for _, c := range []struct {
		name  string
		tap   string
		least float64 // mean cosine in int8
	}{
		{"mobilenet_v2_13", Multi, 0.999},
		{"mobilenet_v2_dynamo_23", "", 0.999},
		{"resnet_basic_11", "", 0.995}, // older than scales by channel
		{"resnext_9", "", 0.98},        // older than convolutions of integers
		{"resnet_external", "", 0.995}, // weights in another file
		{"efficientnet_15", Multi, 0.999},
		{"mobilenet_v3_14_sigmoid", "", 0.995},
		{"densenet_12", "", 0.95}, // normalisations before convolutions
		{"regnet_12", "", 0.995},
		{"static_batch4_11", "", 0.999},
		{"squeezenet_size_9", "", 0.999},
	} {
		t.Run(c.name, func(t *testing.T) {
			float := openFixture(t, c.name, Options{Tap: c.tap, Threads: 1})
			want := features(t, float, slices.Concat(list...), len(list))
			for _, precision := range []string{Int8, Float16} {
				low, b := lowerFixture(t, c.name, Options{Tap: c.tap, Threads: 1},
					Lowering{Precision: precision, Calibration: list, Check: list, Threads: 2})
				got := features(t, b, slices.Concat(list...), len(list))
				mean := 0.0
				for i := range list {
					mean += cosine(got[i*b.Dim():][:b.Dim()], want[i*b.Dim():][:b.Dim()]) / float64(len(list))
				}
				least := c.least
				if precision == Float16 {
					least = lowestFloat16Cosine
				}
				if mean < least || mean-low.Report.Cosine > 1e-6 || low.Report.Cosine-mean > 1e-6 {
					t.Errorf("%s: cosine %.6f, want at least %g; reported %.6f", precision, mean, least, low.Report.Cosine)
				}
				if precision == Int8 && low.Report.Integer == 0 || precision == Float16 && low.Report.Half == 0 {
					t.Errorf("%s: %+v", precision, low.Report)
				}
				about, err := InspectBytes("low.onnx", low.Data, Options{Tap: low.Feature.Text})
				if err != nil || ReportOf(about) == nil || ReportOf(about).Cosine != low.Report.Cosine {
					t.Errorf("%s: the file's report is %v, %v", precision, about.Precision, err)
				}
				if !slices.Equal(b.Blocks(), float.Blocks()) {
					t.Errorf("%s: another feature: %s, was %s", precision, low.Feature.Text, float.Feature().Text)
				}
			}
		})
	}
}

// Features in int8 are as near to those of float32 as ONNX Runtime's own quantiser brings them, with the same images: of one
// network within a tenth, which the luck of rounding makes, and of all together at least as near.
func TestInt8Reference(t *testing.T) {
	data, err := os.ReadFile(testdata("int8.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Networks map[string]struct {
			Tap    string
			Cosine float64
		}
	}
	if err := json.Unmarshal(data, &reference); err != nil || len(reference.Networks) == 0 {
		t.Fatal(err)
	}
	ours, theirs := 0.0, 0.0
	for name, r := range reference.Networks {
		low, _ := lowerFixture(t, name, Options{Tap: r.Tap, Threads: 1},
			Lowering{Precision: Int8, Calibration: noise(0, 48), Check: noise(48, 16), Threads: 2})
		t.Logf("%s: %.6f, ONNX Runtime's quantiser %.6f", name, low.Report.Cosine, r.Cosine)
		if 1-low.Report.Cosine > 1.1*(1-r.Cosine) {
			t.Errorf("%s: cosine %.6f, with ONNX Runtime's quantiser %.6f", name, low.Report.Cosine, r.Cosine)
		}
		ours, theirs = ours+1-low.Report.Cosine, theirs+1-r.Cosine
	}
	if ours > theirs {
		t.Errorf("all together lose %.6f, with ONNX Runtime's quantiser %.6f", ours, theirs)
	}
}

// The same images give the same bytes on any number of threads, and the network the same bits for any batch and number of
// threads.
func TestLowerSameBytes(t *testing.T) {
	list := noise(0, 12)
	how := Lowering{Precision: Int8, Calibration: list[:8], Check: list[8:], Threads: 1}
	one, b := lowerFixture(t, "mobilenet_v2_13", Options{Tap: Multi, Threads: 1}, how)
	how.Threads = 3
	three, helped := lowerFixture(t, "mobilenet_v2_13", Options{Tap: Multi, Threads: 3}, how)
	if !bytes.Equal(one.Data, three.Data) {
		t.Error("another network with three threads")
	}
	together := features(t, b, slices.Concat(list...), len(list))
	if !slices.Equal(together, features(t, helped, slices.Concat(list...), len(list))) {
		t.Error("other features with three threads")
	}
	for i, image := range list {
		if !slices.Equal(features(t, b, image, 1), together[i*b.Dim():][:b.Dim()]) {
			t.Errorf("image %d has other features alone than in a batch", i)
		}
	}
}

// What can't be made cheaper is refused with a reason.
func TestLowerRefuses(t *testing.T) {
	list := pictures(t, "images.npy")
	for _, c := range []struct{ name, want string }{
		{"vit_14", "24 matrix products"},
		{"resnet_half", "of 0 convolutions of float32"},
		{"mobilenet_v2_13_qdq", "of 0 convolutions of float32"},
	} {
		for _, precision := range []string{Int8, Float16} {
			_, err := Lower(t.Context(), testdata(c.name+".onnx"), Options{}, Lowering{Precision: precision, Calibration: list, Check: list})
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s in %s: %v, want %q", c.name, precision, err, c.want)
			}
		}
	}
	if _, err := Lower(t.Context(), testdata("mobilenet_v2_13.onnx"), Options{}, Lowering{Precision: Int8, Check: list}); err == nil {
		t.Error("no error without images for calibration")
	}
}
