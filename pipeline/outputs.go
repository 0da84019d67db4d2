package pipeline

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"finetune/head"
	"finetune/internal/store/atomicfile"
	"finetune/label"
	"finetune/loss"
)

// An Unreadable is an image that was skipped, and why.
type Unreadable struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// writeUnreadable lists skipped images.
func writeUnreadable(path string, list []Unreadable) error {
	return writeCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"path", "reason"}); err != nil {
			return err
		}
		for _, u := range list {
			if err := w.Write([]string{u.Path, u.Reason}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A historyColumn is a column of history.csv and the runs for which it means something.
type historyColumn struct {
	name  string
	value func(head.Epoch) float64
	of    func(head.Config) bool
}

var historyColumns = []historyColumn{
	{"train_loss", func(e head.Epoch) float64 { return e.TrainLoss }, always},
	{"val_loss", func(e head.Epoch) float64 { return e.ValLoss }, always},
	{"val_mae", func(e head.Epoch) float64 { return e.ValMAE }, always},
	{"lr", func(e head.Epoch) float64 { return e.LR }, always},
	{"gradient", func(e head.Epoch) float64 { return e.Gradient }, func(c head.Config) bool { return c.Optimizer == head.LBFGS }},
	{"lambda", func(e head.Epoch) float64 { return e.Lambda }, func(c head.Config) bool { return c.Loss.Name == loss.XEMD2 }},
	{"distance_moved", func(e head.Epoch) float64 { return e.DistanceMoved }, func(c head.Config) bool { return c.SelfGuided }},
}

func always(head.Config) bool { return true }

// A trace is the history of one fit. Fold and repeat count from 1; 0 is the head of the run itself.
type trace struct {
	repeat, fold int
	epochs       []head.Epoch
	config       head.Config
}

// traces are the fits of the folds, where there are any, and that of the head.
func (r *trainRun) traces() []trace {
	var list []trace
	for i, fit := range r.folds {
		at := r.plan.fits[i]
		list = append(list, trace{at.repeat + 1, at.fold + 1, fit.trained.History, fit.trained.Config})
	}
	return append(list, trace{epochs: r.result.History, config: r.config})
}

// writeHistory writes a row an epoch. Where there are several fits, the first columns say which the epoch is of.
func writeHistory(path string, fits []trace) error {
	columns := slices.DeleteFunc(slices.Clone(historyColumns), func(h historyColumn) bool {
		return !slices.ContainsFunc(fits, func(t trace) bool { return h.of(t.config) })
	})
	return writeCSV(path, func(w *csv.Writer) error {
		header := []string{"epoch", "seconds"}
		if len(fits) > 1 {
			header = []string{"repeat", "fold", "epoch", "seconds"}
		}
		for _, column := range columns {
			header = append(header, column.name)
		}
		if err := w.Write(header); err != nil {
			return err
		}
		for _, fit := range fits {
			for _, e := range fit.epochs {
				row := []string{strconv.Itoa(e.Epoch), strconv.FormatFloat(e.Seconds, 'f', 4, 64)}
				if len(fits) > 1 {
					row = append([]string{foldField(fit.repeat), foldField(fit.fold)}, row...)
				}
				for _, column := range columns {
					row = append(row, shortest(column.value(e)))
				}
				if err := w.Write(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// foldField writes the number of a fold or repeat, nothing for none.
func foldField(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

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

func writeCSV(path string, fill func(w *csv.Writer) error) error {
	err := atomicfile.Write(path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		if err := fill(table); err != nil {
			return err
		}
		table.Flush()
		return table.Error()
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// shortest writes a number with as many digits as it needs; what isn't a number is left empty.
func shortest(v float64) string {
	if v != v {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
