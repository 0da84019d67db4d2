package train

import (
	"encoding/csv"
	"finetune/head"
	"finetune/loss"
	"finetune/pipeline/artifact"
	"finetune/pipeline/run"
	"slices"
	"strconv"
)

// A historyColumn is a column of history.csv and the runs for which it means something.
type historyColumn struct {
	name  string
	tag   string // in TensorBoard
	value func(head.Epoch) float64
	of    func(head.Config) bool
}

var historyColumns = []historyColumn{
	{"train_loss", "loss/train", func(e head.Epoch) float64 { return e.TrainLoss }, iterates},
	{"val_loss", "loss/validation", func(e head.Epoch) float64 { return e.ValLoss }, iterates},
	{"val_mae", "validation/mae", func(e head.Epoch) float64 { return e.ValMAE }, iterates},
	{"val_accuracy", "validation/accuracy", func(e head.Epoch) float64 { return e.ValAccuracy }, iterates},
	{"val_qwk", "validation/qwk", func(e head.Epoch) float64 { return e.ValQWK }, iterates},
	{"val_rps", "validation/rps", func(e head.Epoch) float64 { return e.RPS }, iterates},
	{"lr", "optimizer/lr", func(e head.Epoch) float64 { return e.LR }, iterates},
	{"penalty", "closed form/penalty", func(e head.Epoch) float64 { return e.Penalty }, closedForm},
	{"rps", "closed form/rps", func(e head.Epoch) float64 { return e.RPS }, closedForm},
	{"gradient", "optimizer/gradient", func(e head.Epoch) float64 { return e.Gradient }, func(c head.Config) bool { return c.Optimizer == head.LBFGS }},
	{"lambda", "loss/lambda", func(e head.Epoch) float64 { return e.Lambda }, func(c head.Config) bool { return c.Loss.Name == loss.XEMD2 }},
	{"distance_moved", "loss/distance_moved", func(e head.Epoch) float64 { return e.DistanceMoved }, func(c head.Config) bool { return c.SelfGuided }},
}

func closedForm(c head.Config) bool { return c.Optimizer == head.ClosedForm }
func iterates(c head.Config) bool   { return c.Optimizer != head.ClosedForm }

// A trace is the history of one fit. Fold and repeat count from 1; 0 is the head of the run itself.
type trace struct {
	repeat, fold int
	epochs       []head.Epoch
	config       head.Config
}

// traces are the fits of the folds, where there are any, and that of the head.
func (r *session) traces() []trace {
	var list []trace
	for i, fit := range r.folds {
		at := r.plan.fits[i]
		list = append(list, trace{at.repeat + 1, at.fold + 1, fit.Result.History, fit.Result.Config})
	}
	return append(list, trace{epochs: r.result.History, config: r.config})
}

// writeHistory writes a row an epoch. Where there are several fits, the first columns say which the epoch is of.
func writeHistory(path string, fits []trace) error {
	columns := slices.DeleteFunc(slices.Clone(historyColumns), func(h historyColumn) bool {
		return !slices.ContainsFunc(fits, func(t trace) bool { return h.of(t.config) })
	})
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
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
					row = append([]string{run.FoldField(fit.repeat), run.FoldField(fit.fold)}, row...)
				}
				for _, column := range columns {
					row = append(row, artifact.FormatFloat(column.value(e)))
				}
				if err := w.Write(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
