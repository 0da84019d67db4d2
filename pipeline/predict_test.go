package pipeline

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"finetune/internal/store/npy"
	"finetune/internal/store/safetensors"
	"finetune/pipeline/dataset"
)

const demo = "../testdata/demo/demo.csv"

// What predict says of an image must be what anybody computes from the files: softmax of head.safetensors on features.npy.
func TestPredictionsFollowFromTheFiles(t *testing.T) {
	for _, hidden := range []int{0, 16} {
		out := t.TempDir()
		job := NewTrain(demo)
		job.Images.Backbone, job.Images.Tap = tinyNetwork, Last
		job.Out, job.Head.Hidden = filepath.Join(out, "run"), hidden
		if _, err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := (Extract{Data: dataset.Options{Path: demo}, Images: job.Images, Out: out}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		labels := filepath.Join(out, "labels.csv")
		if _, err := (Predict{Model: job.Out, Data: dataset.Options{Path: demo}, Out: labels}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		features, err := npy.Open(filepath.Join(out, FeaturesFile))
		if err != nil {
			t.Fatal(err)
		}
		defer features.Close()
		rows := readCSV(t, labels)[1:]
		if len(rows) != features.Rows {
			t.Fatalf("%d predictions for %d features", len(rows), features.Rows)
		}
		net := readTensors(t, filepath.Join(job.Out, HeadFile))
		worst := 0.0
		for i, row := range rows {
			x := features.Data[i*features.Cols:][:features.Cols]
			if hidden > 0 {
				x = affine(net["hidden.weight"], net["hidden.bias"], x)
				for j := range x {
					x[j] = max(x[j], 0)
				}
			}
			for k, want := range softmax(affine(net["weight"], net["bias"], x)) {
				got, err := strconv.ParseFloat(row[2+k], 64)
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

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
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
