package run_test

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/internal/store/npy"
	"finetune/internal/store/safetensors"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// What predict says of an image must be what anybody computes from the files: softmax of head.safetensors on features.npy.
func TestPredictionsFollowFromTheFiles(t *testing.T) {
	for _, hidden := range []int{0, 16} {
		out := t.TempDir()
		job := train.New(pipelinetest.Demo)
		job.Images.Backbone, job.Images.Tap = pipelinetest.TinyNetwork, features.Last
		job.Out, job.Head.Hidden = filepath.Join(out, "run"), hidden
		if _, err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := (features.Extract{Data: dataset.Options{Path: pipelinetest.Demo}, Images: job.Images, Out: filepath.Join(out, "features")}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		labels := filepath.Join(out, "labels.csv")
		if _, err := (run.Predict{Model: job.Out, Path: pipelinetest.Demo, Out: labels}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		folder, err := npy.Open(filepath.Join(out, "features", features.MatrixFile))
		if err != nil {
			t.Fatal(err)
		}
		defer folder.Close()
		rows := pipelinetest.ReadCSV(t, labels)[1:]
		if len(rows) != folder.Rows {
			t.Fatalf("%d predictions for %d features", len(rows), folder.Rows)
		}
		net := readTensors(t, filepath.Join(job.Out, run.HeadFile))
		worst := 0.0
		for i, row := range rows {
			x := folder.Data[i*folder.Cols:][:folder.Cols]
			if hidden > 0 {
				x = affine(net["hidden.weight"], net["hidden.bias"], x)
				for j := range x {
					x[j] = max(x[j], 0)
				}
			}
			for k, want := range softmax(affine(net["weight"], net["bias"], x)) {
				got, err := strconv.ParseFloat(row[firstProbability+k], 64)
				if err != nil {
					t.Fatal(err)
				}
				worst = max(worst, math.Abs(got-want))
			}
		}
		if !(worst < 1e-4) {
			t.Errorf("hidden %d: probabilities differ by up to %g", hidden, worst)
		}
	}
}

// firstProbability is the place of p_<class> after path, predicted, low, high and expected.
const firstProbability = 5

func affine(weight, bias, x []float32) []float32 {
	y := make([]float32, len(bias))
	for k := range y {
		sum := float64(bias[k])
		for j, v := range x {
			sum += float64(weight[k*len(x)+j]) * float64(v)
		}
		y[k] = float32(sum)
	}
	return y
}

func softmax(z []float32) []float64 {
	p, total := make([]float64, len(z)), 0.0
	for k := range z {
		p[k] = math.Exp(float64(z[k]))
		total += p[k]
	}
	for k := range p {
		p[k] /= total
	}
	return p
}

func readTensors(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := safetensors.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string][]float32{}
	for _, tensor := range file.Tensors {
		tensors[tensor.Name] = tensor.Data
	}
	return tensors
}
