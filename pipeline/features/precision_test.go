package features

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"finetune/backbone"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// The images that ranges are measured on and those of the check are others, spread over the data, and within their bounds.
func TestChosenImages(t *testing.T) {
	for _, n := range []int{0, 1, 16, 40, 300, 5000} {
		l := &lowering{}
		for i := range n {
			l.items = append(l.items, dataset.Item{Path: fmt.Sprint(i)})
		}
		l.choose()
		if len(l.calibration) != min(mostCalibration, (n+1)/2) || len(l.checked) > mostChecked || n > 1 && len(l.checked) == 0 {
			t.Errorf("%d images: %d and %d", n, len(l.calibration), len(l.checked))
		}
		seen := map[string]bool{}
		for _, item := range slices.Concat(l.calibration, l.checked) {
			if seen[item.Path] {
				t.Errorf("%d images: %s is used twice", n, item.Path)
			}
			seen[item.Path] = true
		}
	}
}

// The cache keeps the networks that were used last.
func TestDropOldest(t *testing.T) {
	folder := t.TempDir()
	now := time.Now()
	for i := range mostNetworks + 3 {
		path := filepath.Join(folder, fmt.Sprintf("%02d.onnx", i))
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		used := now.Add(-time.Duration(i) * time.Hour)
		if err := os.Chtimes(path, used, used); err != nil {
			t.Fatal(err)
		}
	}
	if err := dropOldest(folder, filepath.Join(folder, "18.onnx")); err != nil { // the oldest, just written
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) != mostNetworks || filepath.Base(left[len(left)-1]) != "18.onnx" || filepath.Base(left[len(left)-2]) != "14.onnx" {
		t.Errorf("%v, %v", left, err)
	}
}

// What auto takes is said, and a loss that chance doesn't explain isn't taken.
func TestLost(t *testing.T) {
	for _, c := range []struct {
		check PrecisionCheck
		lost  bool
	}{
		{PrecisionCheck{Cosine: 0.999}, false},
		{PrecisionCheck{Cosine: 0.97}, true},
		{PrecisionCheck{Cosine: 0.99, Compared: true, Difference: 0.01, Uncertainty: 0.01}, false},
		{PrecisionCheck{Cosine: 0.99, Compared: true, Difference: 0.02, Uncertainty: 0.01}, true},
		{PrecisionCheck{Cosine: 0.99, Compared: true, Difference: -0.02, Uncertainty: 0.01}, false},
	} {
		if got := c.check.lost(); got != c.lost {
			t.Errorf("%v: lost %v", &c.check, got)
		}
	}
}

// Too few images, and a stream of them, are refused; auto stays in float32 then.
func TestPrecisionRefused(t *testing.T) {
	few := demoItems(t)[:8]
	i := Images{Precision: backbone.Int8, Cache: t.TempDir()}
	if _, err := i.Lower(t.Context(), few, 0, 1, progress.None{}); !invalid.Is(err) {
		t.Errorf("eight images: %v", err)
	}
	i.Precision = Auto
	if got, err := i.Lower(t.Context(), few, 0, 1, progress.None{}); err != nil || got.Precision != "" || got.PrecisionInfo() != nil {
		t.Errorf("auto with eight images: %+v, %v", got, err)
	}
	i.Precision = backbone.Int8
	if err := (ExtractRows{Path: "x", Images: i}).Run(t.Context()); !invalid.Is(err) {
		t.Errorf("rows: %v", err)
	}
}
