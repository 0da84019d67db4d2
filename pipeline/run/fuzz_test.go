package run

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"finetune/head"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
)

// tinyHead returns the file of a head of two features and three classes.
func tinyHead(t testing.TB) []byte {
	t.Helper()
	space, err := label.New([]string{"low", "mid", "high"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 12
	set := head.Examples{Features: head.Features{Rows: n, Cols: 2, Data: make([]float32, 2*n)}, Targets: make([]float32, 3*n)}
	for i := range n {
		set.Features.Data[2*i], set.Features.Data[2*i+1] = float32(i%3), float32(i)/n
		set.Targets[3*i+i%3] = 1
	}
	cfg := head.Defaults(loss.Config{Name: loss.EMD2, Classes: 3}, 0)
	cfg.Optimizer, cfg.Epochs, cfg.Seed, cfg.Threads = head.SGD, 1, 1, 1
	trained, err := head.Train(t.Context(), set, head.Examples{}, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	h, err := head.New(trained.Network, head.Description{Space: space, Loss: cfg.Loss, Decision: head.Argmax})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A run folder from a stranger, without a list of its files: whatever is in config.json and head.safetensors, what can't be used is an
// *invalid.Error, and what can be used has views and a prior that make sense.
func FuzzOpen(f *testing.F) {
	good := tinyHead(f)
	for _, config := range []string{
		`{}`, `null`, `[`, `{"finetune":"1","classes":[{"name":"low","images":1},{"name":"mid","images":-1},{"name":"high","images":9223372036854775807}]}`,
		`{"finetune":"1","views":{"train":64,"predict":-1,"augment":"flip","seed":1}}`, `{"views":{"train":9223372036854775807}}`,
		`{"backbone":{"name":"../../x","file":"/dev/zero","file_from_run":"../../../etc"},"data":{"path":"/dev/zero","positions":[1e999]}}`,
		`{"split":{"val":-1,"test":1e308,"folds":-3},"head":{"hidden":-1,"class_weights":[null]}}`,
	} {
		f.Add([]byte(config), good)
		f.Add([]byte(config), good[:len(good)/2])
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, config, weights []byte) {
		for name, text := range map[string][]byte{ConfigFile: config, HeadFile: weights} {
			if err := os.WriteFile(filepath.Join(folder, name), text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Open(folder)
		if err != nil {
			if !invalid.Is(err) {
				t.Fatalf("%q: %v", config, err)
			}
			return
		}
		sum := 0.0
		for _, share := range r.prior() {
			if !(share >= 0) {
				t.Errorf("%q: a class has the share %v", config, share)
			}
			sum += share
		}
		if r.prior() != nil && math.Abs(sum-1) > 1e-9 {
			t.Errorf("%q: shares that sum to %v", config, sum)
		}
		for _, tta := range []int{0, 1, 2, -1} {
			if v, err := r.views(tta); err == nil && (v.Predict < 1 || v.Plan.Len() < v.Predict) {
				t.Errorf("%q: %d views of a plan of %d", config, v.Predict, v.Plan.Len())
			}
		}
		name := ""
		r.places(folder, &name)
		r.ParseLabel("low")
		if _, err := (Inspect{Path: folder}).Run(t.Context()); err != nil && !invalid.Is(err) {
			t.Errorf("%q: inspect: %v", config, err)
		}
	})
}

// Whatever is in predictions.csv, its rows have known classes and finite distributions, or it is refused.
func FuzzReadPredictions(f *testing.F) {
	const header = "path,label,predicted,p_low,p_mid,p_high\n"
	for _, text := range []string{
		"", header, header + "a.png,low,high,0.1,0.2,0.7\n", header + "a.png,low,high,nan,inf,-1\n", header + "a.png,none,high,0,0,1\n",
		header + "a.png,low\n", header + "\"a.png", "label,path\n", header + "a.png,low,high,1e999,0,0\n", "path,label,predicted,p_low,p_low,p_high\n",
	} {
		f.Add([]byte(text))
	}
	space, err := label.New([]string{"low", "mid", "high"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), PredictionsFile)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
		err := ReadPredictions(t.Context(), file, space, len(text)%2 == 0, func(p PredictionRow) {
			if p.Label < 0 || p.Label > 2 || p.Predicted < 0 || p.Predicted > 2 || len(p.Probabilities) != 3 {
				t.Errorf("%q: %+v", text, p)
			}
			for _, v := range p.Probabilities {
				if !(v >= 0 && v <= 1) {
					t.Errorf("%q: the probability %v", text, v)
				}
			}
		})
		if err != nil && !invalid.Is(err) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// Whatever is in suspects.csv, its rows have known classes and finite numbers, or it is refused.
func FuzzReadSuspects(f *testing.F) {
	const header = "path,label,suggested,p_label,p_suggested,distance,score\n"
	for _, text := range []string{"", header + "a.png,low,high,0.1,0.9,2,1.5\n", header + "a.png,low,high,2,-1,1e300,nan\n"} {
		f.Add([]byte(text))
	}
	space, err := label.New([]string{"low", "mid", "high"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), SuspectsFile)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
		list, err := ReadSuspects(t.Context(), file, space, len(text)%2 == 0)
		if err != nil && !invalid.Is(err) {
			t.Errorf("%q: %v", text, err)
		}
		for _, s := range list {
			if _, known := space.Index(s.Label); !known || s.Distance < 0 || s.Distance > 2 || !(s.PLabel >= 0 && s.PLabel <= 1) || math.IsInf(s.Score, 0) {
				t.Errorf("%q: %+v", text, s)
			}
		}
	})
}
