package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/pipeline/compare"
)

var compareLong = `compare trains one head with several losses on the same folds of the same features, and evaluates each with every decision rule. It prints mean ± standard deviation over folds and seeds, and paired differences to cross-entropy with 95 % bootstrap intervals over the held-out images (or groups). It writes compare.csv, compare.json, compare.svg and report.html.

A loss is a name (cross-entropy, emd2, xemd2, emd, sinkhorn, l2, coral, corn), optionally followed by a colon and a comma-separated list of options:
  ` + compare.SpecOptions() + `

Each head is trained as train does with the same options: emd2 alone is solved in closed form. Options of training that apply to all losses (--optimizer, --epochs) change that. With the option tuned each fit tries 0.1, 0.3, 1, 3 and 10 times the weight decay and keeps the head with the least RPS of the part that early stopping watches.

The losses are, unless given: ` + strings.Join(compare.DefaultLosses(), ",\n")

func newCompare(a *app) *cobra.Command {
	job := compare.New("", 0)
	h := newHeadFlags(&job.Head)
	c := &cobra.Command{
		Use:   "compare --data PATH [--losses LIST]",
		Short: "Compare losses, optimizers and decision rules on the same folds",
		Long:  compareLong,
		Example: `  finetune compare --data faces/
  finetune compare --features features/ --losses emd2,xemd2:weight=2,coral --hidden 256
  finetune compare --data grades.csv --order mild,moderate,severe --folds 10 --seeds 5 --out table`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Data.Path, "data", "", "`path` of the images: a folder or a manifest")
	f.Var(&partsFlag{&job.Features}, "features", "`folder` of extracted features, or of parts of them, instead of --data and --backbone")
	f.Var(&lossesFlag{&job.Losses}, "losses", "losses with commas between, as above")
	f.StringVar(&job.Out, "out", "", "`folder` or s3:// address for the results (default: finetune-compare-1, or the next free number)")
	f.BoolVar(&job.Overwrite, "overwrite", false, "replace an earlier comparison in --out once the new one is complete")
	addSpreadsheetFlag(f, &job.SpreadsheetSafe)
	addNumber(f, &job.Folds, compare.Numbers.Folds, "folds", "`number` of folds, where the data gives none")
	addNumber(f, &job.Seeds, compare.Numbers.Seeds, "seeds", "`number` of seeds, counted up from --seed")
	f.Uint64Var(&job.Seed, "seed", job.Seed, "seed of every random choice")
	addNumber(f, &job.Val, compare.Numbers.Val, "val-split", "`share` of the images outside a fold that early stopping watches")
	addNumber(f, &job.Resamples, compare.Numbers.Resamples, "resamples", "`draws` of the bootstrap behind the intervals")
	addLabelFlags(f, &job.Data)
	addNetworkFlags(f, &job.Images)
	addViewFlags(f, &job.Images)
	addTTAFlag(f, &job.TTA, "the image alone")
	h.addTraining(f)
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := either(c, job.Data.Path, job.Features); err != nil {
			return err
		}
		if err := h.complete(); err != nil {
			return err
		}
		progress, done := a.progress()
		job.Progress = progress
		result, err := job.Run(c.Context())
		done()
		if err != nil {
			return err
		}
		return a.print(result, func(w io.Writer) { printCompared(w, result) })
	}
	return c
}

// lossesFlag reads a list of losses.
type lossesFlag struct{ losses *[]string }

var _ pflag.Value = (*lossesFlag)(nil)

func (l *lossesFlag) String() string { return "" }
func (l *lossesFlag) Type() string   { return "list" }
func (l *lossesFlag) Set(text string) (err error) {
	*l.losses, err = compare.SplitLosses(text)
	return err
}

// printCompared writes a table for each rule, then the differences in the two figures that tell ordinal models apart.
func printCompared(w io.Writer, r *compare.Result) {
	fmt.Fprintf(w, "%d held-out images, %d folds × %d seeds; mean ± std over them\n", r.Data.Images, len(r.Folds), len(r.Seeds))
	n := len(r.Losses)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	marked := false
	for i, row := range r.Rows {
		if i%n == 0 {
			fmt.Fprintf(t, "\ndecision %s\taccuracy\tone-off\tMAE\tRPS\tQWK\n", row.Decision)
		}
		fmt.Fprint(t, row.Loss)
		for _, f := range row.Figures {
			mark := ""
			if f.Best {
				mark, marked = " *", true
			}
			fmt.Fprintf(t, "\t%v ± %v%s", f.Mean, f.Std, mark)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	if marked {
		fmt.Fprintln(w, "\n* the best of its rule, and significantly better than cross-entropy: the 95 % interval of the difference excludes zero")
	}

	fmt.Fprintf(w, "\ndifference to cross-entropy with the same rule, and its 95 %% interval (%d resamples)\n", r.Resamples)
	fmt.Fprint(t, "\tMAE argmax\tMAE median\tMAE mean\tRPS\n")
	const mae, rps = 2, 3 // places in Figures
	for i, l := range r.Losses {
		if r.Rows[i].Figures[mae].SameRule == nil {
			continue
		}
		fmt.Fprint(t, l.Loss)
		for rule := 0; rule*n < len(r.Rows); rule++ {
			fmt.Fprintf(t, "\t%s", difference(r.Rows[rule*n+i].Figures[mae].SameRule))
		}
		fmt.Fprintf(t, "\t%s\n", difference(r.Rows[i].Figures[rps].SameRule))
	}
	t.Flush()
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	printUnreadable(w, r.Unreadable)
	fmt.Fprintf(w, "\nresults: %s (compare.csv, compare.json with every fit, compare.svg)\n", r.Out)
}

func difference(d *compare.Difference) string {
	return fmt.Sprintf("%+.3f [%+.3f, %+.3f]", float64(d.Mean), float64(d.Interval[0]), float64(d.Interval[1]))
}
