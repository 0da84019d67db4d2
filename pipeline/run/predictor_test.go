package run_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"finetune/internal/image/decode"
	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// trained is a run on the demo pictures with a network that takes next to no time, by so many views of an image.
func trained(t testing.TB, views int) *run.Run {
	t.Helper()
	job := train.New(pipelinetest.Demo)
	job.Images.Backbone, job.Images.Tap = pipelinetest.TinyNetwork, features.Last
	job.Images.Views, job.TTA = views, views
	job.Out = filepath.Join(t.TempDir(), "run")
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := run.Open(job.Out)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func predictor(t testing.TB, r *run.Run, o run.PredictorOptions) *run.Predictor {
	t.Helper()
	p, err := r.Predictor(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// pictures are some of the demo pictures, by their path in the data.
func pictures(t testing.TB) (paths []string, files [][]byte) {
	t.Helper()
	set, err := dataset.Load(t.Context(), dataset.Options{Path: pipelinetest.Demo})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(set.Items); i += 9 {
		file, err := os.ReadFile(set.Items[i].File)
		if err != nil {
			t.Fatal(err)
		}
		paths, files = append(paths, set.Items[i].Path), append(files, file)
	}
	return paths, files
}

// A predictor must give what the command writes, to the last digit: with one view, two and views that are drawn, one by
// one and together, by the bytes of a file and by its pixels.
func TestPredictorAgrees(t *testing.T) {
	paths, files := pictures(t)
	for _, views := range []int{1, 2, 3} {
		r := trained(t, views)
		table := filepath.Join(t.TempDir(), "labels.csv")
		job := run.Predict{Model: r.Folder, Path: pipelinetest.Demo, Out: table}
		job.Images.NoCache = true
		if _, err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		p := predictor(t, r, run.PredictorOptions{Workers: 2})
		if p.Views().Predict != views {
			t.Errorf("%d views, want %d", p.Views().Predict, views)
		}
		together, err := p.PredictAll(t.Context(), files)
		if err != nil {
			t.Fatal(err)
		}
		columns := map[string]map[string]string{}
		for _, name := range slices.Concat([]string{"predicted", "low", "high"}, probabilityColumns(r)) {
			columns[name] = pipelinetest.ColumnByPath(t, table, name)
		}
		for i, path := range paths {
			want := func(name string) string { return columns[name][path] }
			got, err := p.Predict(t.Context(), files[i])
			if err != nil {
				t.Fatal(err)
			}
			if got.Predicted != want("predicted") || got.Low != want("low") || got.High != want("high") {
				t.Errorf("%d views, %s: %+v, want %s (%s to %s)", views, path, got, want("predicted"), want("low"), want("high"))
			}
			for k, name := range probabilityColumns(r) {
				if text := strconv.FormatFloat(float64(got.Probabilities[k]), 'g', -1, 32); text != want(name) {
					t.Errorf("%d views, %s: %s is %s, want %s", views, path, name, text, want(name))
				}
			}
			if o := together[i]; o.Err != nil || !slices.Equal(o.Prediction.Probabilities, got.Probabilities) {
				t.Errorf("%d views, %s: together %+v, alone %+v", views, path, o, got)
			}
			if views < 3 {
				samePixels(t, p, files[i], got)
			}
		}
		if views < 3 {
			otherKind(t, p)
		}
	}
}

func samePixels(t *testing.T, p *run.Predictor, file []byte, want *run.Prediction) {
	t.Helper()
	img, err := decode.Decode(file, decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.PredictImage(t.Context(), img)
	if err != nil || !slices.Equal(got.Probabilities, want.Probabilities) {
		t.Errorf("the pixels give %+v, the file %+v (%v)", got, want, err)
	}
}

func probabilityColumns(r *run.Run) []string { return run.ProbabilityNames(nil, r.Head.Space()) }

// The numbers beside the class follow from the distribution.
func TestNewPrediction(t *testing.T) {
	r := trained(t, 1)
	probs := []float32{0.125, 0.25, 0.5, 0.125, 0}
	p := run.NewPrediction(r.Head, probs)
	probs[0] = 9
	if p.Predicted != r.Head.Space().Class(2) || p.Index != 2 || p.Confidence != 0.5 || p.Probabilities[0] != 0.125 {
		t.Errorf("%+v", p)
	}
	values := r.Head.Space().Values()
	want := 0.125*values[0] + 0.25*values[1] + 0.5*values[2] + 0.125*values[3]
	if p.Expected != want || p.Low == "" || p.High == "" {
		t.Errorf("%+v, want the expected value %v and a range", p, want)
	}
}

// Many goroutines get the answers that one gets, and Close leaves no goroutine.
func TestPredictorFromManyGoroutines(t *testing.T) {
	_, files := pictures(t)
	r := trained(t, 1)
	before := runtime.NumGoroutine()
	p := predictor(t, r, run.PredictorOptions{Workers: 3})
	want, err := p.PredictAll(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for g := range 16 {
		group.Go(func() {
			for i := range files {
				n := (i + g) % len(files)
				got, err := p.Predict(t.Context(), files[n])
				if err != nil || !slices.Equal(got.Probabilities, want[n].Prediction.Probabilities) {
					t.Errorf("image %d: %+v, %v", n, got, err)
					return
				}
			}
		})
	}
	group.Wait()
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Predict(t.Context(), files[0]); !errors.Is(err, run.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// Close waits for calls that are under way, which end well or with ErrClosed.
func TestPredictorCloseWhileBusy(t *testing.T) {
	_, files := pictures(t)
	p := predictor(t, trained(t, 1), run.PredictorOptions{Workers: 2})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for {
				if _, err := p.PredictAll(context.Background(), files[:3]); err != nil {
					if !errors.Is(err, run.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
}

// What can't be read fails alone; a context that ended stops the call.
func TestPredictorErrors(t *testing.T) {
	_, files := pictures(t)
	r := trained(t, 1)
	p := predictor(t, r, run.PredictorOptions{})
	list, err := p.PredictAll(t.Context(), [][]byte{files[0], []byte("no image"), nil, files[1]})
	if err != nil {
		t.Fatal(err)
	}
	for i, bad := range []bool{false, true, true, false} {
		if invalid.Is(list[i].Err) != bad || (list[i].Prediction.Predicted == "") != bad {
			t.Errorf("image %d: %+v", i, list[i])
		}
	}
	if _, err := p.Predict(t.Context(), files[0][:200]); !invalid.Is(err) || !strings.Contains(err.Error(), "can't be read") {
		t.Errorf("a file that is cut off: %v", err)
	}
	if _, err := p.PredictImage(t.Context(), image.NewRGBA(image.Rectangle{})); !invalid.Is(err) {
		t.Errorf("an empty picture: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Predict(ctx, files[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if none, err := p.PredictAll(t.Context(), nil); len(none) != 0 || err != nil {
		t.Errorf("no images: %v, %v", none, err)
	}
	if _, err := r.Predictor(run.PredictorOptions{Images: features.Images{Tap: "other"}}); !invalid.Is(err) {
		t.Errorf("another tap: %v", err)
	}
}

// otherKind labels a picture of another type that doesn't begin at (0, 0), which must be taken as its file is.
func otherKind(t *testing.T, p *run.Predictor) {
	t.Helper()
	whole := image.NewRGBA(image.Rect(0, 0, 60, 50))
	for i := range whole.Pix {
		whole.Pix[i] = uint8(i * 7)
		if i%4 == 3 {
			whole.Pix[i] = 255
		}
	}
	part := whole.SubImage(image.Rect(5, 7, 45, 40))
	var file bytes.Buffer
	if err := png.Encode(&file, part); err != nil {
		t.Fatal(err)
	}
	want, err := p.Predict(t.Context(), file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.PredictImage(t.Context(), part)
	if err != nil || !slices.Equal(got.Probabilities, want.Probabilities) {
		t.Errorf("%+v, the file gives %+v (%v)", got, want, err)
	}
}
