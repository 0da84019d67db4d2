package pipeline

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"finetune/head"
	"finetune/internal/atomicfile"
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

// writeHistory writes a row an epoch.
func writeHistory(path string, history []head.Epoch, c head.Config) error {
	columns := slices.DeleteFunc(slices.Clone(historyColumns), func(h historyColumn) bool { return !h.of(c) })
	return writeCSV(path, func(w *csv.Writer) error {
		header := []string{"epoch", "seconds"}
		for _, column := range columns {
			header = append(header, column.name)
		}
		if err := w.Write(header); err != nil {
			return err
		}
		for _, e := range history {
			row := []string{strconv.Itoa(e.Epoch), strconv.FormatFloat(e.Seconds, 'f', 4, 64)}
			for _, column := range columns {
				row = append(row, shortest(column.value(e)))
			}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// predictionHeader is the header of a table of predictions. Distributions are last, a column a class.
func predictionHeader(space label.Space, labelled bool) []string {
	header := []string{"path"}
	if labelled {
		header = append(header, "label")
	}
	header = append(header, "predicted")
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

// writePredictions writes what was said of the held-out part.
func writePredictions(path string, space label.Space, p *predictions) error {
	return writeCSV(path, func(w *csv.Writer) error {
		if err := w.Write(predictionHeader(space, true)); err != nil {
			return err
		}
		for i, item := range p.items {
			row := []string{item.Path, space.Class(item.Label), space.Class(p.classes[i])}
			if err := w.Write(probabilityFields(row, p.row(i))); err != nil {
				return err
			}
		}
		return nil
	})
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
