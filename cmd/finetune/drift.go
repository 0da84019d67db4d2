package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"finetune/pipeline/drift"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
)

func newDrift(a *app) *cobra.Command {
	job := drift.Job{}
	c := &cobra.Command{
		Use:   "drift --model RUN --data PATH",
		Short: "Compare new images with the training data",
		Long: `drift says whether a batch of images looks like the data that a run was trained on. It needs no
labels. It compares how far the images are from the training images, and how often each class is
predicted, with images of the run that it wasn't trained on. Of batches that are drawn like the
training data, a share of --level is said to differ. docs/next-photos.md has the tests.`,
		Example: `  finetune drift --model run --data new-faces/
  finetune drift --model run --data monday.csv --fail-on-drift`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	addScanFlags(f, &job.Scan)
	job.Level = drift.DefaultLevel
	addNumber(f, &job.Level, drift.Level, "level", "`share` of batches like the training data that are said to differ")
	f.Uint64Var(&job.Seed, "seed", 0, "seed of the permutations")
	fail := f.Bool("fail-on-drift", false, "exit with status 3 where the batch differs")
	addScanRuntimeFlags(f, &job.Scan)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := checkScan(c, job.Scan); err != nil {
			return err
		}
		differs := false
		work := func(ctx context.Context, p progress.Reporter) (*drift.Result, error) {
			job.Progress = p
			r, err := job.Run(ctx)
			differs = err == nil && r.Differs
			return r, err
		}
		if err := perform(a, c, work, printDrift); err != nil {
			return err
		}
		if differs && *fail {
			return errFound
		}
		return nil
	}
	return c
}

func printDrift(w io.Writer, r *drift.Result) {
	verdict := "looks like the training data: no difference is proven"
	if r.Differs {
		verdict = "differs from the training data"
	}
	fmt.Fprintf(
		w,
		"the batch of %d images %s (p = %.3g; said of %s of batches that are alike)\n\n",
		r.Images,
		verdict,
		r.PValue,
		percent(metrics.Number(r.Level)),
	)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "distance from the training images\tp = %.3g\n", r.Distance.PValue)
	if r.Classes != nil {
		fmt.Fprintf(t, "predicted classes\tp = %.3g\n", r.Classes.PValue)
	}
	fmt.Fprintf(
		t,
		"unfamiliar images\t%d (%s; up to %s are to be expected)\n",
		r.Unfamiliar,
		percent(metrics.Number(r.UnfamiliarShare)),
		percent(metrics.Number(r.UnfamiliarExpected)),
	)
	t.Flush()
	if r.Shares != nil {
		fmt.Fprint(w, "\npredicted classes: of images that the run wasn't trained on, and of the batch\n")
		for _, s := range r.Shares {
			fmt.Fprintf(
				t,
				"  %s\t%s\t%s\n",
				s.Class,
				percent(metrics.Number(s.Reference)),
				percent(metrics.Number(s.Batch)),
			)
		}
		t.Flush()
	}
	if r.Unfamiliar > 0 {
		fmt.Fprintln(w, "\nfarthest from the training images:")
		for _, f := range r.Farthest {
			if f.Unfamiliar {
				fmt.Fprintf(w, "  %s\n", f.Path)
			}
		}
	}
	printUnreadable(w, r.Unreadable)
}
