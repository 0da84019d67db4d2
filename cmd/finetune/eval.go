package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"finetune/pipeline/familiarity"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

func newEval(a *app) *cobra.Command {
	job := run.Evaluate{}
	c := &cobra.Command{
		Use:   "eval --model RUN --data PATH",
		Short: "Measure a trained run on other labelled images",
		Long:  `eval measures a trained run on labelled images that it wasn't trained on. All of them are used, whatever split they name.`,
		Example: `  finetune eval --model run --data other-faces/
  finetune eval --model run --data test.csv --out results/ --json`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Model, "model", "", "`folder` of the trained run")
	f.StringVar(&job.Data.Path, "data", "",
		"`path` of the labelled images: a folder, a manifest, an archive, Parquet or a pattern of these")
	f.Var(&partsFlag{&job.Features}, "features", "`folder` of extracted features, or of parts of them, instead of --data")
	f.StringVar(&job.Out, "out", "", "`folder` or s3:// address for metrics.json and predictions.csv (default: nothing is written)")
	addSpreadsheetFlag(f, &job.SpreadsheetSafe)
	f.StringVar(&job.Data.ImageColumn, "image-column", "", "`name` of the table's column with paths or image bytes")
	f.StringVar(&job.Data.LabelColumn, "label-column", "", "`name` of the column with labels (default label)")
	f.StringVar(&job.Data.LabelRegex, "label-regex", "",
		"`pattern` whose first group is the label (default: that of the run)")
	f.StringVar(&job.Data.GroupRegex, "group-regex", "",
		"`pattern` whose first group is what intervals resample as one, e.g. a person")
	f.StringVar(&job.Data.By, "by", "",
		"`column` of the manifest: measure the images of each value by themselves, e.g. site")
	job.ReviewShare = familiarity.DefaultReviewShare
	addNumber(f, &job.ReviewShare, familiarity.ReviewShare, "review-share",
		"`share` of ordinary images to mark for a person's look; 0 for none")
	f.StringVar(&job.Report, "report", "", "`file` for a page about these images, .html (default: none)")
	addMovedNetworkFlag(f, &job.Images.Backbone)
	f.Uint64Var(&job.Seed, "seed", 0, "seed of the bootstrap")
	addTTAFlag(f, &job.TTA, "as the run was measured")
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "model"); err != nil {
			return err
		}
		if err := either(c, job.Data.Path, job.Features); err != nil {
			return err
		}
		work := func(ctx context.Context, p progress.Reporter) (*run.EvaluateResult, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, work, func(w io.Writer, r *run.EvaluateResult) {
			fmt.Fprintf(w, "%d labelled images\n", r.Metrics.N)
			for _, note := range r.Notes {
				fmt.Fprintln(w, "note:", note)
			}
			fmt.Fprintln(w)
			printReport(w, &r.Metrics)
			printTrust(w, r)
			printUnreadable(w, r.Unreadable)
		})
	}
	return c
}
