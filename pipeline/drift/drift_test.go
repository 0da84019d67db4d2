package drift

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/internal/store/npy"
	"finetune/invalid"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// trained is a run on the features of a folder with so many rows a class, of three.
func trained(t *testing.T, features string) string {
	t.Helper()
	job := train.New("")
	job.Features, job.Out, job.Head.Epochs = features, filepath.Join(t.TempDir(), "run"), 5
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return job.Out
}

// moved copies a feature folder with every number changed.
func moved(t *testing.T, folder string, rows int, change func(v float32) float32) string {
	t.Helper()
	out := t.TempDir()
	m, err := npy.Open(filepath.Join(folder, "features.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	w, err := npy.Create(filepath.Join(out, "features.npy"), m.Cols)
	if err != nil {
		t.Fatal(err)
	}
	index := "path\n"
	for i := range rows {
		row := make([]float32, m.Cols)
		for j, v := range m.Data[i*m.Cols : (i+1)*m.Cols] {
			row[j] = change(v)
		}
		if err := w.WriteRow(row); err != nil {
			t.Fatal(err)
		}
		index += string(rune('a'+i%26)) + string(rune('a'+i/26)) + ".png\n"
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "index.csv"), []byte(index), 0o666); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestJob(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 200, "", nil)
	model := trained(t, folder)
	alike, err := Job{Scan: run.Scan{
		Model:    model,
		Features: moved(t, folder, 120, func(v float32) float32 { return v }),
	}}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if alike.Differs || alike.Images != 120 || alike.Classes == nil || len(alike.Shares) != 3 ||
		alike.Shares[2].Class != "2" {
		t.Errorf("%+v", alike)
	}
	far := moved(t, folder, 60, func(v float32) float32 { return 20 - v })
	other, err := Job{Scan: run.Scan{Model: model, Features: far}}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !other.Differs || other.Unfamiliar != 60 || len(other.Farthest) != mostListed ||
		other.Farthest[0].Distance < other.Farthest[9].Distance {
		t.Errorf("%+v", other)
	}
	again, err := Job{Scan: run.Scan{Model: model, Features: far}}.Run(t.Context())
	if err != nil || !reflect.DeepEqual(again, other) {
		t.Errorf("again: %+v, %v", again, err)
	}
	for name, job := range map[string]Job{
		"level":    {Scan: run.Scan{Model: model, Features: far}, Level: 2},
		"few":      {Scan: run.Scan{Model: model, Features: moved(t, folder, 2, func(v float32) float32 { return v })}},
		"no model": {Scan: run.Scan{Model: filepath.Join(model, "head.safetensors", "x"), Features: far}},
	} {
		if _, err := job.Run(t.Context()); !invalid.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(model, "familiarity.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := (Job{Scan: run.Scan{Model: model, Features: far}}).Run(t.Context()); !invalid.Is(err) {
		t.Errorf("without the file: %v", err)
	}
}
