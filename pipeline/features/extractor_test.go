package features

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

func demoItems(t *testing.T) []dataset.Item {
	t.Helper()
	set, err := dataset.Load(t.Context(), dataset.Options{Path: pipelinetest.Demo})
	if err != nil {
		t.Fatal(err)
	}
	return set.Items
}

// featuresOf returns the features of items by path, and checks that they come in order. With threads above 1, the network's runs
// have them.
func featuresOf(t *testing.T, items []dataset.Item, i Images, workers, threads int, p progress.Reporter) map[string][]float32 {
	t.Helper()
	i.NoCache = true
	x, err := StartExtractor(i, workers, len(items), p)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if threads > 1 {
		if ok, err := x.Net.tryThreads(t.Context(), threads, make([]float32, 2*x.Net.tensorLen())); !ok || err != nil {
			t.Fatalf("%d threads give other bits: %v, %v", threads, ok, err)
		}
		if err := x.Net.keepThreads(threads); err != nil {
			t.Fatal(err)
		}
	}
	rows := map[string][]float32{}
	next := 0
	if _, err := x.Extract(t.Context(), items, func(int) int { return 1 }, func(b Block) error {
		for i, item := range b.Read {
			if item != next {
				t.Errorf("item %d came where %d was expected", item, next)
			}
			next = item + 1
			rows[items[item].Path] = b.Rows[i*b.Cols:][:b.Cols]
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if next != len(items) {
		t.Errorf("%d items came, not %d", next, len(items))
	}
	return rows
}

// The bits of a feature must depend on its image alone: not on the images that went through the network with it, nor on how
// many workers there were, nor on the threads inside a run. An interrupted run that goes on cuts other batches than one that wasn't
// stopped, and the split that is found to be fastest differs from run to run.
func TestFeaturesDependOnTheImageAlone(t *testing.T) {
	items := demoItems(t)[:3*BlockSize+5]
	reversed := slices.Clone(items)
	slices.Reverse(reversed)
	want := featuresOf(t, items, Images{}, 1, 1, progress.None{})
	for name, got := range map[string]map[string][]float32{
		"three workers":  featuresOf(t, items, Images{}, 3, 1, progress.None{}),
		"other batches":  featuresOf(t, reversed[2:], Images{}, 2, 1, progress.None{}),
		"batches of 1":   featuresOf(t, items[:8], Images{Batch: 1}, 2, 1, progress.None{}),
		"a large batch":  featuresOf(t, items, Images{Batch: mostBatch}, 1, 1, progress.None{}),
		"three threads":  featuresOf(t, items, Images{}, 1, 3, progress.None{}),
		"both":           featuresOf(t, items[3:], Images{Batch: 5}, 2, 2, progress.None{}),
		"a device":       featuresOf(t, items, Images{sessions: 2}, 2, 1, progress.None{}),
		"small batches":  featuresOf(t, reversed[3:], Images{sessions: 1, Batch: 3}, 2, 1, progress.None{}),
		"a single image": featuresOf(t, items[7:8], Images{}, 1, 1, progress.None{}),
	} {
		for path, row := range got {
			if !slices.Equal(row, want[path]) {
				t.Errorf("%s: the feature of %s has other bits", name, path)
			}
		}
	}
}

// notes keeps what a person would be told.
type notes struct {
	progress.None
	lines []string
}

func (n *notes) Note(line string) { n.lines = append(n.lines, line) }

// Where there are many images, the first are brought with several splits: each once, in order, with the same bits, and a line says
// which split the rest had. No goroutine is left.
func TestExtractionTriesSplits(t *testing.T) {
	items := demoItems(t)
	i := Images{Backbone: pipelinetest.TinyNetwork, Tap: Last}
	i.Overrides.ImageSize = 32
	speed := func(n *notes) []string {
		return slices.DeleteFunc(n.lines, func(line string) bool { return !strings.HasPrefix(line, "speed:") })
	}
	before := runtime.NumGoroutine()
	said, fixed, few := &notes{}, &notes{}, &notes{}
	got := featuresOf(t, items, i, 1, 1, said)
	i.Batch = 3
	want := featuresOf(t, items, i, 1, 1, fixed)
	for path, row := range want {
		if !slices.Equal(row, got[path]) {
			t.Errorf("the feature of %s has other bits", path)
		}
	}
	i.Batch = 0
	featuresOf(t, items[:60], i, 1, 1, few)
	if lines := speed(said); len(lines) != 1 || !strings.Contains(lines[0], "1 worker, batches of") || !strings.Contains(lines[0], "tried") {
		t.Errorf("on %d images: %q", len(items), lines)
	}
	if lines := append(speed(fixed), speed(few)...); len(lines) > 0 {
		t.Errorf("with a batch that was given, and on few images: %q", lines)
	}
	noGoroutineLeft(t, before)
}
