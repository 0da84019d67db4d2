package pipeline

import (
	"encoding/csv"
	"finetune/label"
	"fmt"
	"strconv"
)

// rangeNames are the columns of prediction sets. They come last, so that what tables without them have stands where it did.
var rangeNames = []string{"low", "high"}

// probabilityNames appends the names of the columns of a distribution.
func probabilityNames(header []string, space label.Space) []string {
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

// writePredictions writes what was said of images by heads that weren't trained on them.
func writePredictions(path string, space label.Space, p *predictions) error {
	return writeCSV(path, func(w *csv.Writer) error {
		header := probabilityNames(append([]string{"path", "label", "predicted"}, foldNames(p.repeats)...), space)
		if p.low != nil {
			header = append(header, rangeNames...)
		}
		if err := w.Write(header); err != nil {
			return err
		}
		for i, item := range p.items {
			row := []string{item.Path, space.Class(item.Label), space.Class(p.classes[i])}
			for _, fold := range p.foldsOf(i) {
				row = append(row, foldField(fold))
			}
			row = probabilityFields(row, p.row(i))
			if p.low != nil {
				row = append(row, space.Class(p.low[i]), space.Class(p.high[i]))
			}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
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
func foldField(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
