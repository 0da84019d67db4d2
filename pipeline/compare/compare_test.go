package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

// quickCompare is a comparison that takes no time.
func quickCompare(t *testing.T, features string, losses ...string) Job {
	c := New("", 0)
	c.Features, c.Losses, c.Folds, c.Seeds, c.Resamples = features, losses, 3, 2, 100
	c.Out = filepath.Join(t.TempDir(), "out")
	c.Head.Epochs = 40
	return c
}

// TestCompareOnAnyNumberOfThreads also trains with every default loss.
func TestCompareOnAnyNumberOfThreads(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 4, 15, "", nil)
	var files [2][]byte
	for i, threads := range []int{1, 3} {
		c := quickCompare(t, features)
		c.Threads = threads
		progress := &counting{}
		c.Progress = progress
		result, err := c.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if want := len(DefaultLosses()) * 3 * 2; len(result.Fits) != want {
			t.Errorf("%d fits, want %d", len(result.Fits), want)
		} else if progress.total.Load() != int64(want) || progress.done.Load() != int64(want) {
			t.Errorf("told of %d of %d fits, want %d", progress.done.Load(), progress.total.Load(), want)
		}
		for _, fit := range result.Fits {
			if qwk := fit.Figures[head.Median].QWK; fit.Epochs < fit.BestEpoch || fit.BestEpoch == 0 || !(qwk > 0.4) {
				t.Errorf("%s, fold %d, seed %d: QWK %v after %d of %d epochs", fit.Loss, fit.Fold, fit.Seed, qwk,
					fit.BestEpoch, fit.Epochs)
			}
		}
		for _, name := range []string{JSONFile, CSVFile, PlotFile} {
			data, err := os.ReadFile(filepath.Join(c.Out, name))
			if err != nil {
				t.Fatal(err)
			}
			files[i] = append(files[i], data...)
		}
	}
	if string(files[0]) != string(files[1]) {
		t.Error("the files depend on the number of threads")
	}
}

func TestCompareTakesGivenFolds(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 12, ",fold,split",
		func(i, _ int) string { return fmt.Sprintf("%d,%s", 10*(i/18), []string{"train", "test"}[i%2]) })
	c := quickCompare(t, features, "emd2")
	c.Folds = 7
	result, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Folds) != 2 || result.Folds[0].HeldOut != 18 || result.Folds[1].HeldOut != 18 {
		t.Errorf("folds %+v, want the two of the data", result.Folds)
	}
	if notes := strings.Join(result.Notes, "\n"); !strings.Contains(notes, "2 folds are those of the data") ||
		!strings.Contains(notes, "parts (train, val, test) of the data are ignored") ||
		!strings.Contains(notes, "cross-entropy was added") {
		t.Errorf("notes: %s", notes)
	}
	if result.Losses[0].Loss != loss.CrossEntropy || result.Losses[1].Loss != "emd2" {
		t.Errorf("losses %+v", result.Losses)
	}
}

func TestComparePlan(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 40, ",group",
		func(i, _ int) string { return fmt.Sprint("person ", i/4) })
	set, err := dataset.Load(context.Background(), dataset.Options{Path: filepath.Join(folder, features.IndexFile),
		NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	c := Job{Folds: 5, Seeds: 3, Val: 0.2}
	p, err := c.plan(set)
	if err != nil {
		t.Fatal(err)
	}
	var heldOut []int
	for f, rows := range p.HeldOut {
		heldOut = append(heldOut, rows...)
		for s, parts := range p.Parts[f] {
			all := slices.Sorted(slices.Values(slices.Concat(rows, parts.Train, parts.Val)))
			if !slices.Equal(all, slices.Sorted(seq(len(set.Items)))) {
				t.Errorf("fold %d, seed %d: the parts aren't all images once", f, s)
			}
			where := map[string]int{}
			for part, rows := range [][]int{rows, parts.Train, parts.Val} {
				for _, i := range rows {
					if w, ok := where[set.Items[i].Group]; ok && w != part {
						t.Errorf("fold %d, seed %d: %s is in two parts", f, s, set.Items[i].Group)
					}
					where[set.Items[i].Group] = part
				}
			}
			if share := float64(len(parts.Val)) / float64(len(all)-len(rows)); share < 0.1 || share > 0.3 {
				t.Errorf("fold %d, seed %d: %.2f of the images for early stopping, want about 0.2", f, s, share)
			}
		}
		if reflect.DeepEqual(p.Parts[f][0].Val, p.Parts[f][1].Val) {
			t.Errorf("fold %d: two seeds watch the same images", f)
		}
	}
	if slices.Sort(heldOut); !slices.Equal(heldOut, slices.Sorted(seq(len(set.Items)))) {
		t.Error("not every image is held out once")
	}
}

func seq(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// TestCompareWithAClassAbsent: class 2 is all in fold 0, so fold 1 holds out none and fold 0 trains on none.
func TestCompareWithAClassAbsent(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 12, ",fold", func(i, class int) string {
		return fmt.Sprint(map[bool]int{true: 0, false: i % 2}[class == 2])
	})
	result, err := quickCompare(t, features, "cross-entropy", "emd2", "xemd2:self-guided,omega=2",
		"coral").Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(result.Notes, "\n")
	for _, want := range []string{"fold 1 holds out every image of 2, so its head is trained without them",
		"fold 2 holds out no image of 2"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q, want %q", notes, want)
		}
	}
	for _, row := range result.Rows {
		for _, f := range row.Figures {
			if !f.Mean.Defined() || !f.Std.Defined() {
				t.Errorf("%s, %s: %s is %v ± %v", row.Loss, row.Decision, f.Metric, f.Mean, f.Std)
			}
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 6, "", nil)
	for name, c := range map[string]struct {
		change func(*Job)
		want   string
	}{
		"one fold":       {func(c *Job) { c.Folds = 1 }, "Folds: 1; expected a whole number from 2 up"},
		"many folds":     {func(c *Job) { c.Folds = 19 }, "Folds: 19; expected 2 to 18"},
		"no seed":        {func(c *Job) { c.Seeds = -1 }, "Seeds: -1"},
		"few resamples":  {func(c *Job) { c.Resamples = 10 }, "Resamples: 10; expected a whole number from 100 to"},
		"share":          {func(c *Job) { c.Val = 1 }, "Val: 1"},
		"last seed":      {func(c *Job) { c.Seed = 1<<64 - 1 }, "Seed: "},
		"a loss twice":   {func(c *Job) { c.Losses = []string{"emd2", "emd2"} }, "Losses: emd2 twice"},
		"unknown loss":   {func(c *Job) { c.Losses = []string{"mse"} }, `Losses mse: the loss "mse"`},
		"wrong option":   {func(c *Job) { c.Losses = []string{"emd2:omega=2"} }, "loss emd2:omega=2: "},
		"wrong distance": {func(c *Job) { c.Losses = []string{"coral:self-guided"} }, "loss coral:self-guided: "},
		"other files":    {func(c *Job) { c.Out = features }, "the folder of the input"},
	} {
		job := quickCompare(t, features, "emd2")
		c.change(&job)
		_, err := job.Run(context.Background())
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
		if _, err := os.Stat(job.Out); job.Out != features && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the folder of a failed comparison stays", name)
		}
	}
}

func TestCompareStops(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 12, "", nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	job := quickCompare(t, features, "emd2")
	job.Progress = &cancelling{cancel: cancel}
	if _, err := job.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// counting counts the fits that it is told of.
type counting struct {
	progress.None
	total, done atomic.Int64
}

func (c *counting) Start(stage string, total int, _ string) progress.Stage {
	if stage != "compare" {
		return progress.None{}
	}
	c.total.Store(int64(total))
	return c
}
func (c *counting) Add(n int) { c.done.Add(int64(n)) }

// cancelling ends the work after the first fit.
type cancelling struct {
	progress.None
	cancel func()
}

func (c *cancelling) Start(stage string, _ int, _ string) progress.Stage {
	if stage != "compare" {
		return progress.None{}
	}
	return c
}
func (c *cancelling) Add(int) { c.cancel() }

func TestCompareKeepsEarlierResults(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 8, "", nil)
	job := quickCompare(t, features, "emd2")
	if _, err := job.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := job.Run(context.Background()); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "an earlier comparison") {
		t.Errorf("error %v", err)
	}
	job.Overwrite = true
	if _, err := job.Run(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestCompareAsTrain checks that a loss is fitted as train fits it, and what a tuned one chooses.
func TestCompareAsTrain(t *testing.T) {
	c := quickCompare(t, pipelinetest.FeatureFolder(t, 3, 20, "", nil), "cross-entropy", "emd2", "emd2:optimizer=adamw,tuned")
	c.Head.Epochs = head.Auto
	result, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{head.SGD, head.ClosedForm, head.AdamW} {
		if got := result.Losses[i].Head.Optimizer; got != want {
			t.Errorf("%s is fitted by %s, not %s", result.Losses[i].Loss, got, want)
		}
	}
	shared := result.Losses[2].Head.WeightDecay
	for _, fit := range result.Fits {
		if tuned := fit.Loss == "emd2:optimizer=adamw,tuned"; tuned != (fit.WeightDecay != nil) {
			t.Errorf("%s: weight decay %v", fit.Loss, fit.WeightDecay)
		} else if tuned && (*fit.WeightDecay < 0.1*shared || *fit.WeightDecay > 10*shared) {
			t.Errorf("weight decay %v of about %v", *fit.WeightDecay, shared)
		}
	}

	c = quickCompare(t, c.Features, "emd2:tuned") // each fit of which keeps the linear head, its epoch 0, where steps are too large
	c.Head.Hidden, c.Head.LR, c.Head.WeightDecay, c.Head.Epochs = 4, 100, 1e-5, 2
	if result, err = c.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(result.Fits, func(f crossval.GridFit) bool { return f.BestEpoch == 0 && f.WeightDecay != nil }) {
		t.Errorf("no fit of %+v kept the linear head", result.Fits)
	}

	c = quickCompare(t, c.Features, "emd2:tuned")
	c.Val = 0
	if _, err := c.Run(context.Background()); !invalid.Is(err) || !strings.Contains(err.Error(), "Val") {
		t.Errorf("without a part to tune by: %v", err)
	}
	c = quickCompare(t, c.Features, "emd2:tuned")
	c.Head.Epochs = head.Auto
	if _, err := c.Run(context.Background()); !invalid.Is(err) || !strings.Contains(err.Error(), "closed form") {
		t.Errorf("with a closed form: %v", err)
	}
}
