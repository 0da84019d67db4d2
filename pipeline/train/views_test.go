package train

import (
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/disintegration/imaging"

	"finetune/augment"
	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
	"finetune/preprocess"
)

// The features of a view depend on the image, the plan and the view's number alone, and view 0 is what there is without views.
func TestViewsOfAnImageAreItsOwn(t *testing.T) {
	set, err := dataset.Load(t.Context(), dataset.Options{Path: pipelinetest.Demo})
	if err != nil {
		t.Fatal(err)
	}
	items := set.Items[:features.BlockSize+3]
	mirrored := filepath.Join(t.TempDir(), "mirrored.png")
	data, err := os.ReadFile(items[2].File)
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := preprocess.NewTransformer(preprocess.Default().Sized(0, 0), preprocess.NCHW)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := decoder.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(mirrored)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, imaging.FlipH(picture)); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}

	const most = 4
	folder := func(items []dataset.Item, threads int, views func(item int) int) map[string][]float32 {
		x, err := features.StartExtractor(features.Images{NoCache: true, Views: most, Tap: features.Last}, threads, len(items), progress.None{})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		rows := map[string][]float32{}
		if _, err := x.Extract(t.Context(), items, views, func(b features.Block) error {
			for i, item := range b.Read {
				for v, row := range slices.Collect(slices.Chunk(b.RowsOf(i), b.Cols)) {
					rows[fmt.Sprint(items[item].File, " ", v)] = row
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	all := func(int) int { return most }
	want := folder(items, 1, all)
	if len(want) != most*len(items) {
		t.Fatalf("%d rows for %d views of %d images", len(want), most, len(items))
	}
	for v := 1; v < most; v++ {
		if slices.Equal(want[fmt.Sprint(items[0].File, " ", v)], want[fmt.Sprint(items[0].File, " ", v-1)]) {
			t.Errorf("view %d has the features of the one before", v)
		}
	}
	reversed := slices.Clone(items)
	slices.Reverse(reversed)
	for name, got := range map[string]map[string][]float32{
		"three workers":   folder(items, 3, all),
		"another order":   folder(reversed, 2, all),
		"no views":        folder(items, 1, func(int) int { return 1 }),
		"some have fewer": folder(items, 1, func(i int) int { return 1 + i%most }),
	} {
		for key, row := range got {
			if !slices.Equal(row, want[key]) {
				t.Errorf("%s: the features of %s have other bits", name, key)
			}
		}
	}
	other := folder([]dataset.Item{{Path: "m", File: mirrored}}, 1, func(int) int { return 1 })[mirrored+" 0"]
	if c := pipelinetest.Cosine(other, want[items[2].File+" 1"]); c < 0.9999 {
		t.Errorf("the second view and the mirror image have features of cosine %v", c)
	}
}

// What a run was measured with is what predict does with it.
func TestPredictSaysWhatTheRunWasMeasuredWith(t *testing.T) {
	for _, c := range []struct{ views, tta int }{{2, features.AllViews}, {3, 2}, {1, features.AllViews}, {2, 0}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			dir := t.TempDir()
			job := New(pipelinetest.Demo)
			job.Images.Backbone, job.Images.Tap, job.Images.Views = pipelinetest.TinyNetwork, features.Last, c.views
			job.Out, job.TTA = filepath.Join(dir, "run"), c.tta
			job.Head.Optimizer = head.SGD // predictions of a closed form are out of fold, not those of the head
			if _, err := job.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := filepath.Join(dir, "all.csv")
			if _, err := (run.Predict{Model: job.Out, Path: pipelinetest.Demo, Out: all}).Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			measured := filepath.Join(job.Out, run.PredictionsFile)
			columns := []string{"predicted"}
			for _, name := range pipelinetest.ReadCSV(t, measured)[0] {
				if strings.HasPrefix(name, "p_") || name == "low" || name == "high" {
					columns = append(columns, name)
				}
			}
			for _, name := range columns {
				said := pipelinetest.ColumnByPath(t, all, name)
				model := pipelinetest.ColumnByPath(t, measured, name)
				if len(model) < 20 {
					t.Fatalf("%d predictions", len(model))
				}
				for path, want := range model {
					if said[path] != want {
						t.Errorf("%s of %s: the run says %s, predict %s", name, path, want, said[path])
					}
				}
			}
		})
	}
}

// Where images that can't be read change which ones are trained on, those must have their views all the same: the head is the one
// that is trained where the broken images were never named.
func TestUnreadableImagesLeaveNoViewOut(t *testing.T) {
	set, err := dataset.Load(t.Context(), dataset.Options{Path: pipelinetest.Demo})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.jpg")
	if err := os.WriteFile(broken, []byte("no image"), 0o666); err != nil {
		t.Fatal(err)
	}
	manifest := func(name string, every int) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fmt.Fprintln(f, "path,label")
		for i, item := range set.Items {
			file, err := filepath.Abs(item.File)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(f, "%s,%s\n", file, item.Text)
			if every > 0 && i%every == 0 {
				link := fmt.Sprintf("broken-%03d.jpg", i)
				if err := os.Symlink(broken, filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(f, "%s,%s\n", link, item.Text)
			}
		}
		return path
	}
	train := func(data string) (*Result, *pipelinetest.Recorder) {
		r := &pipelinetest.Recorder{}
		job := New(data)
		job.Out, job.Progress = data+"-run", r
		job.Head.Optimizer = head.SGD // which trains on some images only
		job.Images.Backbone, job.Images.Tap, job.Images.Views, job.Images.MaxUnreadable = pipelinetest.TinyNetwork, features.Last, 2, new(1.0)
		result, err := job.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return result, r
	}
	want, quiet := train(manifest("good.csv", 0))
	got, told := train(manifest("some.csv", 7))
	const note = "images that can't be read change which ones are trained on"
	if quiet.Noted(note) || !told.Noted(note) {
		t.Errorf("notes of good images %q, with broken ones %q", quiet.Notes(), told.Notes())
	}
	if len(got.Unreadable) != (len(set.Items)+6)/7 {
		t.Errorf("%d unreadable images are listed", len(got.Unreadable))
	}
	if a, b := want.Head.Network(), got.Head.Network(); !slices.Equal(a.Layers[0].Weight, b.Layers[0].Weight) {
		t.Error("the head is another one than without the broken images")
	}
}

func TestProbabilitiesOfViews(t *testing.T) {
	space, err := label.Infer([]string{"1", "2"})
	if err != nil {
		t.Fatal(err)
	}
	const temperature = 2
	network := head.Network{Layers: []head.Layer{{In: 1, Out: 2, Weight: []float32{0, 1}, Bias: []float32{0, 0}}}}
	h, err := head.New(network, head.Description{Space: space, Loss: loss.Config{Name: loss.CrossEntropy, Classes: 2}, Temperature: temperature})
	if err != nil {
		t.Fatal(err)
	}
	// Three rows an item, the last never to be looked at.
	nan := float32(math.NaN())
	f := head.Features{Rows: 6, Cols: 1, Data: []float32{0, 1, nan, 2, -1, nan}}
	p := func(z float64) float64 { return 1 / (1 + math.Exp(z)) }
	for _, c := range []struct {
		items []int
		few   int
		want  []float64 // probability of the first class without a temperature
	}{
		{nil, 1, []float64{p(0), p(2)}},
		{nil, 2, []float64{(p(0) + p(1)) / 2, (p(2) + p(-1)) / 2}},
		{[]int{1, 1, 0}, 2, []float64{(p(2) + p(-1)) / 2, (p(2) + p(-1)) / 2, (p(0) + p(1)) / 2}},
		{[]int{1}, 1, []float64{p(2)}},
		{[]int{}, 2, nil},
	} {
		out := make([]float32, 2*len(c.want))
		if err := crossval.Probabilities(h, f, 3, c.few, c.items, 1, out); err != nil {
			t.Fatal(err)
		}
		for i, first := range c.want {
			want := p(math.Log((1-first)/first) / temperature)
			if math.Abs(float64(out[2*i])-want) > 1e-6 || math.Abs(float64(out[2*i]+out[2*i+1])-1) > 1e-6 {
				t.Errorf("items %v, %d views: distribution %d is %v, want %v of the first class", c.items, c.few, i, out[2*i:2*i+2], want)
			}
		}
	}
}

func TestViewConfig(t *testing.T) {
	flip := augment.Plan{Kinds: augment.Flip}
	for _, c := range []struct {
		views, tta     int
		plan           augment.Plan
		train, predict int // 0: a mistake
	}{
		{0, 0, augment.Plan{}, 1, 1}, {1, features.AllViews, augment.Plan{}, 1, 2}, {1, 5, augment.Plan{}, 1, 5}, {4, 0, augment.Plan{}, 4, 1},
		{4, features.AllViews, augment.Plan{}, 4, 4}, {4, 2, augment.Plan{}, 4, 2}, {2, 4, augment.Plan{}, 0, 0}, {3, 0, flip, 0, 0},
		{2, features.AllViews, flip, 2, 2}, {1, 3, flip, 0, 0}, {augment.Most + 1, 0, augment.Plan{}, 0, 0}, {-1, 0, augment.Plan{}, 0, 0},
	} {
		v, err := features.ResolveViews(features.Images{Views: c.views, Augment: c.plan}, c.tta)
		if c.train == 0 {
			if !invalid.Is(err) {
				t.Errorf("%+v: %+v, %v", c, v, err)
			}
			continue
		}
		if err != nil || v.Train != c.train || v.Predict != c.predict || v.Kinds == 0 {
			t.Errorf("%+v: %+v, %v", c, v, err)
		}
		back, err := features.ParseAverage(v.Average())
		if err != nil || back.Predict != v.Predict || v.Predict > 1 && back.Plan != v.Plan {
			t.Errorf("%+v: %q came back as %+v, %v", c, v.Average(), back, err)
		}
	}
	for _, text := range []string{"count=x", "count=0", "count=65", "count=2 augment=spin", "count=2 seed=-1"} {
		if v, err := features.ParseAverage(text); err == nil {
			t.Errorf("parseAverage(%q) = %+v", text, v)
		}
	}
}
