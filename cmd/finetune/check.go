package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"finetune/invalid"
	"finetune/pipeline/check"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

func newCheck(a *app) *cobra.Command {
	job := check.New("")
	failOn := string(check.Problem)
	c := &cobra.Command{
		Use:   "check --data PATH",
		Short: "Find problems in labelled images before training",
		Long: `check reads every image, compares their features, trains heads on folds of the data, and reports:
  - images that cannot be read, and tiny ones
  - copies: equal files, and images that were saved again, resized, brightened, cropped at the edges or mirrored; in particular copies with different labels and copies in different splits
  - the number of images of each class, in total and in each split
  - labels that disagree with out-of-fold predictions
  - groups that are in more than one split

It uses the features of training, so training afterwards computes none. With --out it also writes check.html, a page with pictures of copies and doubtful labels, and manifest.csv: the readable images, with one group ID for all copies of an image, so that they stay within one split.

Exit status: 0 if nothing was found, 3 if problems were found (with --fail-on warning: or warnings).`,
		Example: `  finetune check --data faces/
  finetune check --data faces.csv --out checked/ && finetune --data checked/manifest.csv
  finetune check --data faces.csv --json --fail-on warning     # in CI`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Data.Path, "data", "", "`path` of the labelled images: a folder or a manifest")
	f.StringVar(&job.Out, "out", "", "`folder` or s3:// address for check.html, check.json, copies.csv, suspects.csv and manifest.csv (default: nothing is written)")
	addSpreadsheetFlag(f, &job.SpreadsheetSafe)
	f.StringVar(&failOn, "fail-on", failOn, "what ends with exit status 3: `problem`, warning or never")
	addLabelFlags(f, &job.Data)
	addSplitFlags(f, &job.Split, dataset.Numbers.Test)
	addNetworkFlags(f, &job.Images)
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "data"); err != nil {
			return err
		}
		fails, known := map[string][]check.Severity{
			"problem": {check.Problem}, "warning": {check.Problem, check.Warning}, "never": {},
		}[failOn]
		if !known {
			return &invalid.Error{Field: "--fail-on", Found: failOn, Want: "problem, warning or never"}
		}
		var worst check.Severity
		run := func(ctx context.Context, p progress.Reporter) (*check.Result, error) {
			job.Progress = p
			r, err := job.Run(ctx)
			if err == nil {
				worst = r.MaxSeverity()
			}
			return r, err
		}
		if err := perform(a, c, run, func(w io.Writer, r *check.Result) {
			printCheck(w, r, job.Out, givenOf(f, "bins", "order", "positions"))
		}); err != nil {
			return err
		}
		for _, s := range fails {
			if worst == s {
				return errFound
			}
		}
		return nil
	}
	return c
}

// mostListed is how many of a kind are listed on a terminal.
const mostListed = 10

// printCheck writes what was found. The flags in again say what the labels mean, and the manifest in out has the labels as they were.
func printCheck(w io.Writer, r *check.Result, out string, again []string) {
	fmt.Fprintf(w, "%d images\n\n", r.Images)
	printClasses(w, r)
	if len(r.Findings) == 0 {
		fmt.Fprintln(w, "\nnothing wrong was found")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(w, "\n%s: %s\n  %s\n", f.Severity, f.Message, f.Advice)
		for i, line := range f.Where {
			if i == mostListed {
				fmt.Fprintf(w, "    … and %d more\n", len(f.Where)-mostListed)
				break
			}
			fmt.Fprintln(w, "    "+line)
		}
	}
	if out != "" {
		with := ""
		if len(again) > 0 {
			with = ", with " + strings.Join(again, " and ") + " as here"
		}
		fmt.Fprintf(w, "\nlook at %s\nlists in %s; train on %s to keep copies together%s\n", filepath.Join(out, check.PageFile), out, filepath.Join(out, check.ManifestFile), with)
	}
}

func printClasses(w io.Writer, r *check.Result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "class\timages\ttrain\tval\ttest\t\n")
	for _, c := range r.Classes {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t\n", c.Class, c.All, c.Train, c.Val, c.Test)
	}
	t.Flush()
	if r.SplitBy == "seed" {
		fmt.Fprintln(w, "(the data names no parts; these are what training chooses where it needs some, as with --optimizer sgd; by default it predicts each image without it)")
	}
}
