package features

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/internal/store/npy"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
	"finetune/preprocess"
)

// Pillow, torchvision and Python's onnxruntime made the expected features of every kind of image file that we read
// (preprocess/testdata/make_golden.py): the whole way from file to feature must agree with theirs.
func TestFeaturesAgreeWithPython(t *testing.T) {
	const golden = "../../preprocess/testdata"
	var list struct {
		Images []struct {
			File string `json:"file"`
		} `json:"images"`
	}
	text, err := os.ReadFile(filepath.Join(golden, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	want, err := npy.Open(filepath.Join(golden, "lite0_features.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if len(list.Images) < 40 || len(list.Images) != want.Rows {
		t.Fatalf("%d images and %d expected features", len(list.Images), want.Rows)
	}
	var items []dataset.Item
	for _, image := range list.Images {
		items = append(items, dataset.Item{Path: image.File, File: filepath.Join(golden, "images", image.File)})
	}
	x, err := StartExtractor(Images{NoCache: true, Tap: Last, Overrides: Overrides{Resize: preprocess.Shorter}}, 0, len(items), progress.None{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	seen, least := 0, 1.0
	unreadable, err := x.Extract(t.Context(), items, func(int) int { return 1 }, func(b Block) error {
		for i, item := range b.Read {
			seen++
			c := pipelinetest.Cosine(b.Rows[i*b.Cols:][:b.Cols], want.Data[item*want.Cols:][:want.Cols])
			least = min(least, c)
			if !(c > 0.9995) {
				t.Errorf("%s: cosine %.6f, want more than 0.9995", items[item].Path, c)
			}
		}
		return nil
	})
	if err != nil || len(unreadable) > 0 || seen != len(items) {
		t.Errorf("%d of %d images read, unreadable %v, %v", seen, len(items), unreadable, err)
	}
	t.Logf("least cosine %.6f", least)
}
