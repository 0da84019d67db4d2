package run

import (
	"context"
	"encoding/csv"
	"fmt"
	"strconv"

	"finetune/label"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
)

// rangeNames are the columns of prediction sets. They come last, so that what tables without them have stands where it did.
var rangeNames = []string{"low", "high"}

// probabilityNames appends the names of the columns of a distribution.
func ProbabilityNames(header []string, space label.Space) []string {
	for _, c := range space.Classes() {
		header = append(header, "p_"+c)
	}
	return header
}

// probabilityFields appends a distribution with as many digits as float32 needs to come back the same.
func probabilityFields(row []string, probs []float32) []string {
	for _, p := range probs {
		row = append(row, strconv.FormatFloat(float64(p), 'g', -1, 32))
	}
	return row
}

// WritePredictions writes what was said of images by heads that weren't trained on them, for a spreadsheet with safe; see artifact.Cell.
func WritePredictions(path string, space label.Space, p *crossval.Predictions, safe bool) error {
	cell := artifact.Cell(safe)
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
		header := ProbabilityNames(append([]string{"path", "label", "predicted"}, foldNames(p.Repeats)...), space)
		if p.Low != nil {
			header = append(header, rangeNames...)
		}
		if err := w.Write(header); err != nil {
			return err
		}
		for i, item := range p.Items {
			row := []string{cell(item.Path), cell(space.Class(item.Label)), cell(space.Class(p.Classes[i]))}
			for _, fold := range p.FoldsOf(i) {
				row = append(row, FoldField(fold))
			}
			row = probabilityFields(row, p.Row(i))
			if p.Low != nil {
				row = append(row, cell(space.Class(p.Low[i])), cell(space.Class(p.High[i])))
			}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// A PredictionRow is a row of PredictionsFile.
type PredictionRow struct {
	Path             string
	Label, Predicted int
	Probabilities    []float64
}

// ReadPredictions hands each row of what WritePredictions wrote to emit. What can't be read is an *invalid.Error.
func ReadPredictions(ctx context.Context, path string, space label.Space, safe bool, emit func(PredictionRow)) error {
	names := ProbabilityNames([]string{"path", "label", "predicted"}, space)
	return readTable(ctx, path, names, safe, func(cell []string) error {
		label, ok := space.Index(cell[1])
		predicted, known := space.Index(cell[2])
		if !ok || !known {
			return fmt.Errorf("the classes %q and %q", cell[1], cell[2])
		}
		probabilities, err := parseProbabilities(cell[3:])
		if err == nil {
			emit(PredictionRow{cell[0], label, predicted, probabilities})
		}
		return err
	})
}

// foldNames are the columns that say in which fold an image was held out: fold, or fold_1 … where there are several repeats.
func foldNames(repeats int) []string {
	if repeats == 1 {
		return []string{"fold"}
	}
	names := make([]string, repeats)
	for i := range names {
		names[i] = fmt.Sprintf("fold_%d", i+1)
	}
	return names
}

// foldField writes the number of a fold or repeat, nothing for none.
func FoldField(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
