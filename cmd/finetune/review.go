package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"finetune/pipeline/progress"
	"finetune/pipeline/review"
	"finetune/pipeline/suggest"
)

func newReview(a *app) *cobra.Command {
	job := review.Job{}
	c := &cobra.Command{
		Use:   "review --model RUN [--check FOLDER] [--unlabelled PATH] [--out FILE]",
		Short: "Correct doubtful labels in the browser",
		Long: `review serves a page on this computer, on which a person looks at the images whose labels a run's predictions
disagree with, and decides by keyboard: a number for a class, Enter to keep the label, S to skip, U to undo, X to leave an image out.
--check adds the copies that finetune check found, --unlabelled adds the images of a folder that are most worth a label.

Each decision is saved at once: the corrected labels in --out, a manifest that finetune trains on, and who changed what and when in a
log beside it (corrected.changes.jsonl for corrected.csv). The data itself isn't changed. Ctrl-C ends the review, and the same command
goes on where it ended. Only this computer can connect, with the address that is printed.`,
		Example: `  finetune review --model run
  finetune review --model run --check checked/ --unlabelled new/ -n 50 --reviewer anna
  finetune --data corrected.csv --out run-2`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Model, "model", "", "`folder` of the trained run")
	f.StringVar(&job.Data.Path, "data", "", "`path` of the data that the run was trained on (default: where it was then)")
	f.StringVar(&job.Check, "check", "", "`folder` that finetune check wrote: show the copies that it found, too")
	f.StringVar(&job.Unlabelled, "unlabelled", "", "`path` of images without labels: show those that are most worth one, too")
	f.VarP(newNumber(&job.Count, suggest.Count, "count"), "count", "n", "`images` of --unlabelled to show (default 50)")
	f.StringVar(&job.Out, "out", review.DefaultOut, "CSV `file` for the corrected manifest")
	f.StringVar(&job.Reviewer, "reviewer", "", "`name` in the log (default: that of the user)")
	f.StringVar(&job.Addr, "addr", "", "`address` of this computer to listen on (default: a free port of 127.0.0.1)")
	f.StringVar(&job.Data.ImageColumn, "image-column", "", "`name` of the table's column with image paths (default path)")
	f.StringVar(&job.Data.LabelColumn, "label-column", "", "`name` of the column with labels (default label)")
	f.StringVar(&job.Data.LabelRegex, "label-regex", "", "`pattern` whose first group is the label (default: that of the run)")
	f.StringVar(&job.Data.GroupRegex, "group-regex", "", "`pattern` whose first group is the group ID (default: that of the run)")
	addMovedNetworkFlag(f, &job.Images.Backbone)
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "model"); err != nil {
			return err
		}
		// With --json standard output has the result alone.
		told := a.out
		if a.json {
			told = a.err
		}
		job.Ready = func(url string) {
			fmt.Fprintf(told, "open %s in a browser on this computer; Ctrl-C ends the review\n", url)
		}
		work := func(ctx context.Context, p progress.Reporter) (*review.Result, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, work, printReview)
	}
	return c
}

func printReview(w io.Writer, r *review.Result) {
	fmt.Fprintf(w, "%d of %d decided; labels changed: %d, images labelled: %d, left out: %d\n", r.Decided, r.Items, r.Changed, r.Added, r.LeftOut)
	if !r.Corrected {
		return
	}
	order := ""
	if r.Order != nil {
		order = " --order '" + strings.Join(r.Order, ",") + "'"
	}
	fmt.Fprintf(w, "%s has who decided what\ntrain on the corrected labels with: finetune --data %s%s\n", r.Log, r.Out, order)
}
