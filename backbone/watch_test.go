package backbone

import (
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestWatch(t *testing.T) {
	b := openFixture(t, "mobilenet_v2_13", Options{Threads: 1})
	tensor, n := images(t, "images.npy")
	rows := features(t, b, tensor, n)
	w := b.Watch()
	for range enough {
		w.Add(rows)
	}
	if err := w.Err(); err != nil || !w.Enough() {
		t.Errorf("different images: %v", err)
	}
	w = b.Watch()
	for i := range enough {
		if err := w.Err(); err != nil || w.Enough() {
			t.Errorf("after %d images: %v", i, err)
		}
		row := slices.Clone(rows[:b.Dim()])
		row[i] *= 1 + 1e-7 // as sums in another order
		w.Add(row)
	}
	err := w.Err()
	if want := "the same 72 features for 8 different images; expected features that depend on the image"; !invalid.Is(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("one image for all: %v, want %q", err, want)
	}
	w = b.Watch()
	w.Add(make([]float32, enough*b.Dim()))
	if err := w.Err(); !invalid.Is(err) {
		t.Errorf("zeros: %v", err)
	}
}

// A network whose numbers overflow is refused where it is run.
func TestFeaturesThatAreNotFinite(t *testing.T) {
	b := openFixture(t, "resnet_half", Options{Threads: 1})
	tensor := make([]float32, 3*32*32)
	for i := range tensor {
		tensor[i] = 60000 // overflows float16 after the first layer
	}
	if err := b.Features(t.Context(), tensor, 1, make([]float32, b.Dim())); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "expected finite numbers") {
		t.Errorf("%v", err)
	}
}
