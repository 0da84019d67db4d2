package pipeline

import (
	"slices"
	"testing"

	"finetune/pipeline/dataset"
)

// The bits of a feature must depend on its image alone: not on the images that went through the network with it, nor on how
// many workers there were. An interrupted run that goes on cuts other batches than one that wasn't stopped.
func TestFeaturesDependOnTheImageAlone(t *testing.T) {
	set, err := dataset.Load(t.Context(), dataset.Options{Path: demo})
	if err != nil {
		t.Fatal(err)
	}
	items := set.Items[:3*blockSize+5]
	features := func(items []dataset.Item, threads int) map[string][]float32 {
		x, err := startExtractor(Images{NoCache: true, Threads: threads}, len(items), quiet{})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		rows := map[string][]float32{}
		if _, err := x.extract(t.Context(), items, func(int) int { return 1 }, func(b featureBlock) error {
			for i, item := range b.read {
				rows[items[item].Path] = b.rows[i*b.cols:][:b.cols]
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	want := features(items, 1)
	reversed := slices.Clone(items)
	slices.Reverse(reversed)
	for name, got := range map[string]map[string][]float32{
		"three workers":  features(items, 3),
		"other batches":  features(reversed[2:], 2),
		"a single image": features(items[7:8], 1),
	} {
		for path, row := range got {
			if !slices.Equal(row, want[path]) {
				t.Errorf("%s: the feature of %s has other bits", name, path)
			}
		}
	}
}
