package run

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/label"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
)

// In tables for a spreadsheet no cell begins a formula, and what is read of them is what was written.
func TestSafeTables(t *testing.T) {
	space, err := label.New([]string{"-1", "'0", "=1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"=cmd|' /C calc'!A0.png", "'a.png", "@b.png", "c.png"}
	said := &crossval.Predictions{Repeats: 1}
	var suspects []SuspectLabel
	for i, path := range paths {
		said.Items = append(said.Items, dataset.Item{Path: path, Label: i % 3})
		said.Classes = append(said.Classes, 2)
		said.Low, said.High = append(said.Low, 0), append(said.High, 2)
		said.Probabilities = append(said.Probabilities, 0.25, 0.25, 0.5)
		said.Folds = append(said.Folds, 1)
		suspects = append(suspects, SuspectLabel{Path: path, Label: space.Class(i % 3), Suggested: "=1", PLabel: 0.25, PSuggested: 0.5, Distance: 1, Score: -2})
	}
	for _, safe := range []bool{false, true} {
		predictions, doubtful := filepath.Join(t.TempDir(), PredictionsFile), filepath.Join(t.TempDir(), SuspectsFile)
		if err := WritePredictions(predictions, space, said, safe); err != nil {
			t.Fatal(err)
		}
		if err := WriteSuspects(doubtful, suspects, safe); err != nil {
			t.Fatal(err)
		}
		var read []string
		if err := ReadPredictions(t.Context(), predictions, space, safe, func(p PredictionRow) { read = append(read, p.Path) }); err != nil || !slices.Equal(read, paths) {
			t.Errorf("safe %v: predictions of %q, %v, want %q", safe, read, err, paths)
		}
		if list, err := ReadSuspects(t.Context(), doubtful, space, safe); err != nil || !slices.Equal(list, suspects) {
			t.Errorf("safe %v: suspects %+v, %v, want %+v", safe, list, err, suspects)
		}
		formulas := 0
		for _, path := range []string{predictions, doubtful} {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := csv.NewReader(f).ReadAll()
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if cell != "" && cell != "-2" && strings.ContainsRune("=+-@", rune(cell[0])) {
						formulas++
					}
				}
			}
		}
		if (formulas == 0) != safe {
			t.Errorf("safe %v: %d cells begin a formula", safe, formulas)
		}
	}
}
