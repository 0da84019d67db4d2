package explain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"finetune/head"
	"finetune/internal/image/decode"
	"finetune/internal/pipelinetest"
	"finetune/internal/store/npy"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/explain"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// defaultRun is a run on the demo data. Tests must not change it.
var defaultRun = sync.OnceValues(func() (string, error) {
	job := train.New(pipelinetest.Demo)
	job.Head.Optimizer = head.SGD                                    // whose maps the tests know
	job.Out = filepath.Join(os.Getenv("XDG_CACHE_HOME"), "demo-run") // that of the tests
	_, err := job.Run(context.Background())
	return job.Out, err
})

// demoRun returns a run on the demo data that the test may change: a copy of the default run, or one trained with
// changed options.
func demoRun(t testing.TB, change func(*train.Job)) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	var err error
	if change == nil {
		var trained string
		if trained, err = defaultRun(); err == nil {
			err = os.CopyFS(out, os.DirFS(trained))
		}
	} else {
		job := train.New(pipelinetest.Demo)
		job.Out = out
		change(&job)
		_, err = job.Run(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const demoPhoto = "../../testdata/demo/images/coffee/0-grade4.jpg"

// TestExplain checks sheets, JSON, labels and matrices, and that they don't depend on the number of threads.
func TestExplain(t *testing.T) {
	model, out := demoRun(t, nil), t.TempDir()
	list := filepath.Join(out, "list.txt")
	horses, err := filepath.Abs("../../testdata/demo/images/horse")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, []byte(horses+"/0-grade1.jpg\n"+horses+"/1-grade4.jpg\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	job := explain.Job{Model: model, Paths: []string{demoPhoto, list}, Class: "1", LabelRegex: `grade(\d)`,
		Out: filepath.Join(out, "a"), Maps: true}
	got, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Method != explain.MethodCAM || len(got.Images) != 3 || got.Reference != "the average training image" {
		t.Errorf("%s, %d images, compared with %s", got.Method, len(got.Images), got.Reference)
	}
	first := got.Images[0]
	if first.Label != "4" || first.Path != "0-grade4.jpg" || len(first.Probabilities) != 5 {
		t.Errorf("%+v", first)
	}
	for _, m := range first.Maps {
		if (m.Target == explain.TargetClass) != m.Exact || m.Sum == nil {
			t.Errorf("%+v", m)
		}
	}
	order, err := npy.Open(filepath.Join(out, "a", "0-grade4.order.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer order.Close()
	var sum float64
	for _, v := range order.Data {
		sum += float64(v)
	}
	if want := *first.Maps[len(first.Maps)-1].Sum; order.Rows != 224 || !(math.Abs(sum-want) < 1e-4) {
		t.Errorf("%d rows add up to %v, not %v", order.Rows, sum, want)
	}
	var written explain.Result
	if err := artifact.ReadJSON(filepath.Join(out, "a", explain.ResultFile), &written); err != nil ||
		len(written.Images) != 3 {
		t.Errorf("%v, %d images", err, len(written.Images))
	}
	job.Out, job.Threads = filepath.Join(out, "b"), 1
	again, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, im := range again.Images {
		if !bytes.Equal(fileBytes(t, im.Picture), fileBytes(t, got.Images[i].Picture)) {
			t.Errorf("%s: the sheet differs with one thread", im.Path)
		}
	}
}

func fileBytes(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestExplainUpright: an image with an EXIF orientation has the maps of the same pixels stored upright.
func TestExplainUpright(t *testing.T) {
	model, out := demoRun(t, nil), t.TempDir()
	const turned = "../../preprocess/testdata/images/jpeg-orientation-6.jpg"
	picture, err := decode.Decode(fileBytes(t, turned), decode.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var stored bytes.Buffer
	if err := png.Encode(&stored, picture); err != nil {
		t.Fatal(err)
	}
	upright := filepath.Join(out, "upright.png")
	if err := os.WriteFile(upright, stored.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := explain.Job{Model: model, Paths: []string{turned, upright},
		Out: filepath.Join(out, "drawn")}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Images[0].Maps, got.Images[1].Maps) {
		t.Errorf("%+v, stored upright %+v", got.Images[0].Maps, got.Images[1].Maps)
	}
	drawn, err := png.DecodeConfig(bytes.NewReader(fileBytes(t, got.Images[0].Picture)))
	if err != nil {
		t.Fatal(err)
	}
	if panel := float64(drawn.Width)/float64(1+len(got.Images[0].Maps)) - 16; (panel < 330) != (picture.Rect.Dx() < picture.Rect.Dy()) {
		t.Errorf("panels about %v wide for a picture of %v", panel, picture.Rect.Size())
	}
}

// TestExplainMistakes: without paths the job explains the mistakes of the report, in its order.
func TestExplainMistakes(t *testing.T) {
	model := demoRun(t, func(job *train.Job) { job.Head.Epochs = 3 })
	got, err := explain.Job{Model: model, MaxMistakes: new(3)}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Images) != 3 || filepath.Dir(got.Images[0].Picture) != filepath.Join(model, "explained") {
		t.Fatalf("%+v", got.Images)
	}
	page := string(fileBytes(t, filepath.Join(model, run.ReportFile)))
	at := 0
	for _, im := range got.Images {
		if im.Label == im.Predicted || im.Label == "" {
			t.Errorf("%+v is no mistake", im)
		}
		next := bytes.Index([]byte(page[at:]), []byte(`alt="`+im.Path+`"`))
		if next < 0 {
			t.Errorf("%s isn't in the report, or out of order", im.Path)
		}
		at += next + 1
	}
}

func TestExplainRefuses(t *testing.T) {
	model := demoRun(t, nil)
	broken := filepath.Join(t.TempDir(), "broken.jpg")
	if err := os.WriteFile(broken, []byte("no image"), 0o666); err != nil {
		t.Fatal(err)
	}
	odd := t.TempDir()
	for _, name := range []string{run.HeadFile, run.ConfigFile} {
		if err := os.WriteFile(filepath.Join(odd, name), fileBytes(t, filepath.Join(model, name)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(odd, run.FeatureMeanFile), []byte("nonsense"), 0o666); err != nil {
		t.Fatal(err)
	}
	one := []string{demoPhoto}
	for name, job := range map[string]explain.Job{
		"no run":            {Model: odd + "/none", Paths: one},
		"unknown class":     {Model: model, Paths: one, Class: "6"},
		"unknown method":    {Model: model, Paths: one, Method: "lime"},
		"patch without use": {Model: model, Paths: one, Patch: 10},
		"patch too large":   {Model: model, Paths: one, Method: explain.MethodOcclusion, Patch: 500},
		"stride above it":   {Model: model, Paths: one, Method: explain.MethodOcclusion, Patch: 10, Stride: 20},
		"many in one file":  {Model: model, Paths: []string{demoPhoto, demoPhoto}, Out: filepath.Join(odd, "one.png")},
		"an unreadable one": {Model: model, Paths: []string{broken}},
		"strict":            {Model: model, Paths: []string{demoPhoto, broken}, Images: features.Images{Strict: true}},
		"a negative number": {Model: model, MaxMistakes: new(-1)},
		"no such image":     {Model: model, Paths: []string{broken + "x"}},
		"a broken mean":     {Model: odd, Paths: one},
		"no predictions":    {Model: odd},
	} {
		if job.Out == "" {
			job.Out = t.TempDir()
		}
		if _, err := job.Run(t.Context()); !invalid.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (explain.Job{Model: model, Paths: one, Out: t.TempDir()}).Run(ctx); !errors.Is(err,
		context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestExplainOtherHeads: maps of heads without one logit for each class, or with a hidden layer, aren't exact.
func TestExplainOtherHeads(t *testing.T) {
	for name, change := range map[string]func(*train.Job){
		"coral":  func(job *train.Job) { job.Head.Loss.Name = "coral" },
		"corn":   func(job *train.Job) { job.Head.Loss.Name = "corn" },
		"l2":     func(job *train.Job) { job.Head.Loss.Name = "l2" },
		"hidden": func(job *train.Job) { job.Head.Hidden = 8 },
	} {
		model := demoRun(t, func(job *train.Job) { job.Head.Epochs = 3; change(job) })
		got, err := explain.Job{Model: model, Paths: []string{demoPhoto}, LabelRegex: `grade(\d)`,
			Out: t.TempDir()}.Run(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		maps := got.Images[0].Maps
		if last := maps[len(maps)-1]; last.Target != explain.TargetOrder || last.Exact != (name == "l2") {
			t.Errorf("%s: %+v", name, last)
		}
		if name == "l2" != (len(maps) == 1) {
			t.Errorf("%s: %d maps", name, len(maps))
		}
		for _, m := range maps {
			if m.Target == explain.TargetClass && m.Exact {
				t.Errorf("%s: %+v", name, m)
			}
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExplainLocatesDamage: in images whose right half is degraded only that half raises the predicted grade. The
// photos are held out.
func TestExplainLocatesDamage(t *testing.T) {
	model, out := demoRun(t, nil), t.TempDir()
	var paths []string
	for _, photo := range []string{"camera", "coffee", "horse", "rocket"} {
		for _, crop := range []string{"0", "3"} {
			whole := func(grade string) *image.NRGBA {
				img, err := decode.Decode(fileBytes(t, filepath.Join("../../testdata/demo/images", photo,
					crop+"-grade"+grade+".jpg")), decode.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				return img
			}
			half, degraded := whole("1"), whole("5")
			right := half.Bounds()
			right.Min.X = right.Dx() / 2
			draw.Draw(half, right, degraded, right.Min, draw.Src)
			var data bytes.Buffer
			if err := png.Encode(&data, half); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, filepath.Join(out, photo+crop+".png"))
			if err := os.WriteFile(paths[len(paths)-1], data.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	drawn := filepath.Join(out, "drawn")
	if _, err := (explain.Job{Model: model, Paths: paths, Out: drawn, Maps: true}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".png")
		order, err := npy.Open(filepath.Join(drawn, name+".order.npy"))
		if err != nil {
			t.Fatal(err)
		}
		defer order.Close()
		var left, right float64
		for i, v := range order.Data {
			if i%order.Cols < order.Cols/2 {
				left += float64(v)
			} else {
				right += float64(v)
			}
		}
		t.Logf("%s: %+.2f from the left, %+.2f from the degraded right half", name, left, right)
		if !(left < 0 && right > 0) {
			t.Errorf("%s: %+.2f from the left, %+.2f from the degraded right half", name, left, right)
		}
	}
}
