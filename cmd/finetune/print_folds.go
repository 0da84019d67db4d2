package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"finetune/pipeline/run"
)

// mostFolds is how many folds are listed one by one.
const mostFolds = 20

// printFolds prints the figures of each fold, their mean and standard deviation.
func printFolds(w io.Writer, c *run.CrossValidation) {
	repeats := c.Folds[len(c.Folds)-1].Repeat
	fmt.Fprintf(w, "\n%d folds, each evaluated by a head that was trained without it", len(c.Folds)/repeats)
	if repeats > 1 {
		fmt.Fprintf(w, ", %d repeats with other folds", repeats)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "\timages\tbest epoch\tQWK\tMAE\taccuracy\tone-off\tRPS\n")
	if len(c.Folds) <= mostFolds {
		for _, f := range c.Folds {
			name := fmt.Sprintf("fold %d", f.Fold)
			if repeats > 1 {
				name = fmt.Sprintf("repeat %d, fold %d", f.Repeat, f.Fold)
			}
			x := f.Figures
			fmt.Fprintf(t, "%s\t%d\t%d\t%v\t%v\t%v\t%v\t%v\n", name, f.HeldOut, f.BestEpoch, x.QWK, x.MAE, x.Accuracy, x.OneOffAccuracy, x.RPS)
		}
	}
	m, s := c.Mean, c.Std
	fmt.Fprintf(t, "mean ± std\t\t\t%v ± %v\t%v ± %v\t%v ± %v\t%v ± %v\t%v ± %v\n",
		m.QWK, s.QWK, m.MAE, s.MAE, m.Accuracy, s.Accuracy, m.OneOffAccuracy, s.OneOffAccuracy, m.RPS, s.RPS)
	t.Flush()
}
