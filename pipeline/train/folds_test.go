package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// foldsJob is a cross-validation that takes no time.
func FoldsJob(t *testing.T, features string) Job {
	job := New("")
	job.Features, job.Folds, job.Repeats, job.Split.Test = features, 3, 1, 0
	job.Head.Epochs, job.Head.Patience = 20, 4
	job.Out = filepath.Join(t.TempDir(), "run")
	return job
}

func TestPlanOfFolds(t *testing.T) {
	person := func(i, _ int) string { return fmt.Sprintf("p%d", i/4) }
	for _, c := range []struct {
		name, header   string
		column         func(i, class int) string
		folds, repeats int
		test           float64
		inFolds        int
		heldOut        string
		note           string
	}{
		{name: "all images", folds: 5, repeats: 2, inFolds: 120, heldOut: heldOutFolds},
		{name: "groups", header: ",group", column: person, folds: 4, repeats: 3, inFolds: 120, heldOut: heldOutFolds},
		{name: "a share held out", header: ",group", column: person, folds: 3, test: 0.2, inFolds: 96, heldOut: heldOutTest},
		{name: "parts of the data", header: ",split", folds: 3, test: 0.3, inFolds: 90, heldOut: heldOutTest, note: "the given val part takes part in the folds",
			column: func(i, _ int) string { return []string{"train", "val", "train", "test"}[i/3%4] }},
		{name: "folds of the data", header: ",fold", folds: 3, repeats: 2, inFolds: 120, heldOut: heldOutFolds, note: "the 3 folds are those of the data",
			column: func(i, _ int) string { return strconv.Itoa(10 + i/3%3) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			index := filepath.Join(pipelinetest.FeatureFolder(t, 3, 40, c.header, c.column), features.IndexFile)
			set, err := dataset.Load(t.Context(), dataset.Options{Path: index, NoFiles: true})
			if err != nil {
				t.Fatal(err)
			}
			job := Job{Folds: c.folds, Repeats: c.repeats, Split: dataset.SplitOptions{Val: 0.2, Test: c.test, Seed: 4}}
			if err := job.checkFolds(); err != nil {
				t.Fatal(err)
			}
			p, err := job.plan(set)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.parts.Train) != c.inFolds || len(p.parts.Train)+len(p.parts.Test) != 120 || p.heldOut != c.heldOut || len(p.repeats) != max(1, c.repeats) {
				t.Errorf("%d images in folds, %d held out, %d repeats, figures of %s", len(p.parts.Train), len(p.parts.Test), len(p.repeats), p.heldOut)
			}
			if !strings.Contains(strings.Join(p.notes, "\n"), c.note) {
				t.Errorf("notes %q, want %q", p.notes, c.note)
			}
			for _, repeat := range p.repeats {
				if all := slices.Sorted(slices.Values(slices.Concat(repeat.HeldOut...))); !slices.Equal(all, p.parts.Train) {
					t.Error("not every image is held out once")
				}
				for fold, held := range repeat.HeldOut {
					checkFold(t, set, p.parts, held, repeat.Parts[fold][0], c.folds)
				}
			}
			if len(p.repeats) > 1 {
				same := slices.Equal(p.repeats[0].HeldOut[0], p.repeats[1].HeldOut[0])
				if same != p.repeats[0].FromData {
					t.Errorf("two repeats have the same folds: %v", same)
				}
				if slices.Equal(p.repeats[0].Parts[0][0].Val, p.repeats[1].Parts[0][0].Val) {
					t.Error("two repeats watch the same images")
				}
			}
		})
	}
}

// checkFold reports images that are lost or in the wrong part, groups that are cut and classes that have too much or little in the fold.
func checkFold(t *testing.T, set *dataset.Set, all dataset.Partition, held []int, parts dataset.Partition, folds int) {
	t.Helper()
	if got := slices.Sorted(slices.Values(slices.Concat(held, parts.Train, parts.Val))); !slices.Equal(got, all.Train) {
		t.Error("a fold's parts aren't all images in folds once")
	}
	where := map[string]int{}
	for part, rows := range [][]int{held, parts.Train, parts.Val, all.Test} {
		for _, i := range rows {
			g := set.Items[i].Group
			if w, ok := where[g]; g != "" && ok && w != part {
				t.Errorf("group %s is cut", g)
			}
			where[g] = part
		}
	}
	counts := make([]float64, set.Space.Len())
	for _, i := range held {
		counts[set.Items[i].Label]++
	}
	for class, n := range counts {
		if want := float64(len(all.Train)) / float64(folds*set.Space.Len()); math.Abs(n-want) > 2 {
			t.Errorf("%v images of class %d in a fold, want about %.1f", n, class, want)
		}
	}
}

// Whoever gives folds and doesn't ask for them is told.
func TestFoldsPassedOver(t *testing.T) {
	job := FoldsJob(t, pipelinetest.FeatureFolder(t, 3, 20, ",fold", func(i, _ int) string { return strconv.Itoa(i % 2) }))
	job.Folds, job.Repeats, job.Split.Test = 0, 0, 0.2
	result, err := job.Run(t.Context())
	if err != nil || result.CrossValidation != nil || !strings.Contains(strings.Join(result.Notes, "\n"), "the folds of the data are not used") {
		t.Errorf("%v, %+v", err, result)
	}
}

func TestFoldsRefused(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 6, ",fold", func(i, _ int) string { return strconv.Itoa(i % 2) })
	for _, c := range []struct {
		folds, repeats int
		want           string
	}{{1, 0, "Folds: 1; expected a whole number from 2 up"}, {-3, 0, "Folds: -3"}, {2, -1, "Repeats: -1"}, {0, 2, "Repeats: given without Folds"},
		{3, 0, "Folds: 3; expected 2, the folds that the data gives"}} {
		job := FoldsJob(t, features)
		job.Folds, job.Repeats = c.folds, c.repeats
		if _, err := job.Run(t.Context()); !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d folds, %d repeats: %v; want %q", c.folds, c.repeats, err, c.want)
		}
	}
}

// TestFoldsAreWhatSplitsWouldGive trains on each fold alone, as a run on the same features whose index names the parts, and finds
// the out-of-fold predictions in what these runs say of their test parts.
func TestFoldsAreWhatSplitsWouldGive(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 4, 15, ",group", func(i, _ int) string { return fmt.Sprintf("p%d", i/2) })
	job := FoldsJob(t, folder)
	result, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.HeldOut != heldOutFolds || result.Metrics.N != 60 || len(result.CrossValidation.Folds) != 3 {
		t.Fatalf("figures of %s, %d images, %d folds", result.HeldOut, result.Metrics.N, len(result.CrossValidation.Folds))
	}
	set, err := dataset.Load(t.Context(), dataset.Options{Path: filepath.Join(folder, features.IndexFile), NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := job.plan(set)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]string{}
	for _, name := range []string{"predicted", "p_0", "p_1", "p_2", "p_3"} {
		got[name] = pipelinetest.ColumnByPath(t, filepath.Join(job.Out, run.PredictionsFile), name)
	}
	seen := 0
	for fold, held := range plan.repeats[0].HeldOut {
		part := make([]string, len(set.Items))
		for name, rows := range map[string][]int{"test": held, "train": plan.repeats[0].Parts[fold][0].Train, "val": plan.repeats[0].Parts[fold][0].Val} {
			for _, i := range rows {
				part[i] = name
			}
		}
		alone := job
		alone.Folds, alone.Repeats, alone.Out = 0, 0, filepath.Join(t.TempDir(), "alone")
		alone.Features = pipelinetest.FeatureFolder(t, 4, 15, ",split", func(i, _ int) string { return part[i] })
		one, err := alone.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := result.CrossValidation.Folds[fold]
		if f.Fold != fold+1 || f.HeldOut != len(held) || f.BestEpoch != one.BestEpoch || f.Epochs != one.Epochs || f.Figures != one.Metrics.Figures {
			t.Errorf("fold %d: %+v, alone epoch %d of %d and %+v", fold+1, f, one.BestEpoch, one.Epochs, one.Metrics.Figures)
		}
		for name, column := range got {
			for path, want := range pipelinetest.ColumnByPath(t, filepath.Join(alone.Out, run.PredictionsFile), name) {
				if column[path] != want {
					t.Errorf("%s of %s is %s, alone %s", name, path, column[path], want)
				}
				seen++
			}
		}
	}
	if seen != 5*60 {
		t.Errorf("compared %d values", seen)
	}
}

// TestFinalHeadIsTrainedOnAll compares it with the same training where no image is held out and the epochs are those of the folds.
func TestFinalHeadIsTrainedOnAll(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 20, "", nil)
	job := FoldsJob(t, folder)
	job.Repeats = 2
	result, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var best []int
	for _, f := range result.CrossValidation.Folds {
		best = append(best, f.BestEpoch)
	}
	sum := 0
	for _, epoch := range best {
		sum += epoch
	}
	if want := int(math.Ceil(float64(sum) / 6)); result.Epochs != want || result.BestEpoch != want {
		t.Errorf("%d epochs, %d kept, the folds had %v", result.Epochs, result.BestEpoch, best)
	}
	parts := pipelinetest.ColumnByPath(t, filepath.Join(job.Out, run.PredictionsFile), "fold_2")
	if len(parts) != 60 || slices.Contains(slices.Collect(maps.Values(parts)), "") {
		t.Errorf("%d images have a fold", len(parts))
	}
	set, err := dataset.Load(t.Context(), dataset.Options{Path: filepath.Join(folder, features.IndexFile), NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	table, err := features.OpenFolder(t.Context(), folder, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	model, err := (&Job{Split: dataset.SplitOptions{Val: 0}, Head: job.Head, Progress: progress.None{}}).begin(table,
		&splitPlan{parts: dataset.Partition{Train: crossval.AllRows(set)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	model.config.Epochs = result.Epochs
	if err := model.fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(model.result.Head.Network().Layers[0].Weight, result.Head.Network().Layers[0].Weight) {
		t.Error("the head isn't that of training on all images")
	}
}

// TestFoldsAnyThreadsAndResumed runs all that goes with folds, with and without threads, and resumes it.
func TestFoldsAnyThreadsAndResumed(t *testing.T) {
	grouped := pipelinetest.FeatureFolder(t, 3, 20, ",group,split", func(i, _ int) string {
		return fmt.Sprintf("p%d,%s", i/2, []string{"train", "train", "train", "test"}[i/2%4])
	})
	for name, change := range map[string]func(*Job){
		"plain":       func(*Job) {},
		"search":      func(j *Job) { j.Search = run.Search{Trials: 3} },
		"self-guided": func(j *Job) { j.Head.Loss.Name, j.Head.SelfGuided = loss.XEMD2, true },
		"hidden":      func(j *Job) { j.Head.Hidden, j.Soften.Function = 8, "binomial" },
		"repeated":    func(j *Job) { j.Repeats = 3 },
		"lbfgs":       func(j *Job) { j.Head.Optimizer, j.Head.Patience, j.Split.Val = "lbfgs", 0, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			var runs [2]string
			for i, threads := range []int{1, 3} {
				job := FoldsJob(t, grouped)
				change(&job)
				job.Threads = threads
				result, err := job.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if result.HeldOut != heldOutTest || result.CrossValidation.OutOfFold.N+result.Metrics.N != 60 {
					t.Errorf("figures of %s", result.HeldOut)
				}
				for _, file := range []string{run.HeadFile, run.ConfigFile, run.MetricsFile, run.PredictionsFile} {
					data, err := os.ReadFile(filepath.Join(job.Out, file))
					if err != nil {
						t.Fatal(err)
					}
					runs[i] += string(data)
				}
				job.Resume = true
				again, err := job.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				before, errA := json.Marshal(result.CrossValidation)
				after, errB := json.Marshal(again.CrossValidation)
				if errA != nil || errB != nil || string(before) != string(after) || !strings.Contains(again.Notes[0], "complete already") {
					t.Errorf("resumed: %s, was %s", after, before)
				}
				other := job
				other.Head.Epochs++
				if _, err := other.Run(t.Context()); !invalid.Is(err) {
					t.Errorf("resumed with other epochs: %v", err)
				}
				job.Folds = 4
				if _, err := job.Run(t.Context()); !invalid.Is(err) || !strings.Contains(err.Error(), `another "split"`) {
					t.Errorf("resumed with other folds: %v", err)
				}
			}
			if runs[0] != runs[1] {
				t.Error("the files depend on the number of threads")
			}
		})
	}
}
