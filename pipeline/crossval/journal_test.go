package crossval

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"finetune/head"
	"finetune/loss"
	"finetune/pipeline/dataset"
)

// A fit that is done isn't trained again, whatever its numbers; another one is.
func TestJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fits")
	cfg := head.Defaults(loss.Config{Name: loss.EMD2, Classes: 3, Ground: loss.Positions([]float64{0, 1, 5})}, 0)
	parts := dataset.Partition{Train: []int{0, 2, 4}, Val: []int{1}}
	want := &head.Result{
		Network: head.Network{Layers: []head.Layer{{In: 2, Out: 3, Weight: []float32{1, 2, 3, 4, 5, 6}, Bias: []float32{0, 1, 2}}}},
		Loss:    cfg.Loss, Best: 2, Config: cfg,
		History: []head.Epoch{{Epoch: 1, TrainLoss: 0.5, LR: 0.1}, {Epoch: 2, TrainLoss: 0.25, LR: 0.05}},
	}
	trained := 0
	train := func() (*head.Result, error) { trained++; return want, nil }
	fit := func(data string, cfg head.Config, parts dataset.Partition) *head.Result {
		t.Helper()
		got, err := NewJournal(dir, data).fit(cfg, parts, train)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for range 3 {
		if got := fit("data", cfg, parts); !reflect.DeepEqual(got, want) || trained != 1 {
			t.Errorf("trained %d times: %+v", trained, got)
		}
	}
	other := cfg
	other.Seed = 7
	fit("data", other, parts)
	fit("other data", cfg, parts)
	fit("data", cfg, dataset.Partition{Train: []int{0, 2}, Val: []int{1}})
	if trained != 4 {
		t.Errorf("three other fits: trained %d times", trained)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, f := range files { // damaged files count as none
		if err := os.Truncate(f, 50); err != nil {
			t.Fatal(err)
		}
	}
	if fit("data", cfg, parts); trained != 5 {
		t.Errorf("a damaged fit: trained %d times", trained)
	}
	failed := errors.New("diverged")
	if _, err := NewJournal(dir, "failed").fit(cfg, parts, func() (*head.Result, error) { return nil, failed }); err != failed {
		t.Errorf("got %v", err)
	}
	// Numbers that aren't finite come back, too.
	want = &head.Result{History: []head.Epoch{{ValLoss: math.NaN()}}}
	fit("nan", cfg, parts)
	if got := fit("nan", cfg, parts); trained != 6 || !math.IsNaN(got.History[0].ValLoss) {
		t.Errorf("trained %d times: %+v", trained, got)
	}
}
