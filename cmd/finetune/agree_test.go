package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"iter"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/onnx/deploy"
	"finetune/internal/ort/verify"
	"finetune/internal/pipelinetest"
	"finetune/pipeline/export"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/serve"
	"finetune/pipeline/train"
	"finetune/preprocess"
)

// The command predict, the library, the service and the exported file say the same of an image.
func TestAllWaysAgree(t *testing.T) {
	dir := t.TempDir()
	job := train.New(pipelinetest.Demo)
	job.Images.Backbone, job.Images.Tap = pipelinetest.TinyNetwork, features.Last
	job.Out, job.Head.Hidden = filepath.Join(dir, "run"), 0
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(pipelinetest.Demo), "images", "*", "0-grade*.jpg"))
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	files = files[:20]

	rows := predicted(t, job.Out, files)
	r, err := run.Open(job.Out)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Predictor(run.PredictorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := serve.New(t.Context(), serve.Options{Models: []serve.Model{{Path: job.Out}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	transformer, err := preprocess.NewTransformer(p.Spec(), preprocess.NCHW)
	if err != nil {
		t.Fatal(err)
	}
	var samples []verify.Sample
	for i, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lib, err := p.Predict(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		if rows[i].Predicted != lib.Predicted || rows[i].Low != lib.Low || rows[i].High != lib.High ||
			math.Abs(rows[i].Expected-lib.Expected) > 1e-6 {
			t.Errorf("%s: predict says %+v, the library %+v", name, rows[i], lib)
		}
		web := served(t, s.Handler(), data)
		if web.Predicted != lib.Predicted || web.Low != lib.Low || web.High != lib.High {
			t.Errorf("%s: the service says %+v, the library %+v", name, web, lib)
		}
		for k, class := range r.Head.Space().Classes() {
			if q := lib.Probabilities[k]; web.Probabilities[k].Probability != q || math.Abs(rows[i].Probabilities[class]-float64(q)) > 1e-6 {
				t.Errorf("%s, class %s: predict %v, the service %v, the library %v", name, class, rows[i].Probabilities[class],
					web.Probabilities[k].Probability, q)
			}
		}
		picture, err := transformer.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		kept := *picture // Decode uses its pixels again
		kept.Pix = slices.Clone(picture.Pix)
		samples = append(samples, verify.Sample{Picture: &kept, Probabilities: lib.Probabilities})
	}
	for _, input := range []deploy.Input{deploy.Image, deploy.Tensor} {
		out := filepath.Join(dir, string(input)+".onnx")
		if _, err := (export.Job{Model: job.Out, Out: out, Format: export.WholeONNX, Input: string(input)}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		far, err := verify.Compare(t.Context(), out, p.Spec(), each(samples), verify.Options{Threads: 1})
		if err != nil || far.Samples != len(files) || !(far.Probability < 1e-3) {
			t.Errorf("the file from %ss: %+v, %v", input, far, err)
		}
	}
}

// A predictedRow is a line that predict writes.
type predictedRow struct {
	Predicted, Low, High string
	Expected             float64
	Probabilities        map[string]float64
}

// predicted labels files with the command, given their list on standard input.
func predicted(t *testing.T, model string, files []string) (rows []predictedRow) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader(strings.Join(files, "\n") + "\n"), out: &out, err: &errs}
	c := newRoot(a)
	c.SetArgs([]string{"predict", "--model", model, "--data", "-", "--format", "jsonl", "-q"})
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err, errs.String())
	}
	lines := bufio.NewScanner(&out)
	for lines.Scan() {
		var row predictedRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) != len(files) {
		t.Fatalf("%d rows for %d images", len(rows), len(files))
	}
	return rows
}

// served is what the service answers for an image.
func served(t *testing.T, service http.Handler, data []byte) serve.Prediction {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/predict", bytes.NewReader(data))
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	var answer serve.Predictions
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body, err)
	}
	return answer.Predictions[0]
}

func each(samples []verify.Sample) iter.Seq2[verify.Sample, error] {
	return func(yield func(verify.Sample, error) bool) {
		for _, s := range samples {
			if !yield(s, nil) {
				return
			}
		}
	}
}
