package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"finetune/pipeline/progress"
	"finetune/pipeline/suggest"
)

func newSuggest(a *app) *cobra.Command {
	job := suggest.Job{}
	c := &cobra.Command{
		Use:   "suggest --model RUN --data PATH [-n COUNT]",
		Short: "Choose which images to label next",
		Long: `suggest chooses, among unlabelled images, those whose class a run is least sure of, and no two
that are alike. Images that are unlike the training images are left out and counted.
docs/next-photos.md says how much more they teach than images chosen at random.`,
		Example: `  finetune suggest --model run --data unlabelled/ -n 50
  finetune suggest --model run --data unlabelled/ --out to-label.csv`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	addScanFlags(f, &job.Scan)
	job.Count = suggest.DefaultCount
	f.VarP(newNumber(&job.Count, suggest.Count, "count"), "count", "n", "`images` to choose")
	f.StringVar(&job.Out, "out", "", "CSV `file` for path, predicted class and doubt (default: the terminal)")
	addSpreadsheetFlag(f, &job.SpreadsheetSafe)
	f.BoolVar(&job.Overwrite, "overwrite", false, "replace a file at --out")
	addScanRuntimeFlags(f, &job.Scan)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := checkScan(c, job.Scan); err != nil {
			return err
		}
		work := func(ctx context.Context, p progress.Reporter) (*suggest.Result, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, work, func(w io.Writer, r *suggest.Result) { printSuggestions(w, r, job.Out) })
	}
	return c
}

func printSuggestions(w io.Writer, r *suggest.Result, out string) {
	if out != "" {
		fmt.Fprintf(w, "%d of %d images to label are in %s\n", len(r.Suggestions), r.Images, out)
	} else {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "path\tpredicted\tdoubt")
		for _, s := range r.Suggestions {
			fmt.Fprintf(t, "%s\t%s\t%.3f\n", s.Path, s.Predicted, s.Doubt)
		}
		t.Flush()
	}
	if r.Unfamiliar > 0 {
		fmt.Fprintf(
			w,
			"left out, since they are unlike the training images: %d (finetune drift names them)\n",
			r.Unfamiliar,
		)
	}
	printUnreadable(w, r.Unreadable)
}
