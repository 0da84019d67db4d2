package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"finetune/pipeline/run"
)

func newPredict(a *app) *cobra.Command {
	job := run.Predict{}
	c := &cobra.Command{
		Use:   "predict --model RUN --data PATH [--out FILE]",
		Short: "Label images with a trained run",
		Long: `predict writes a row an image: its path, the predicted class and the probability of each class. Rows are written as they come,
so a million images take no more memory than a hundred. Images that can't be read are skipped and named.`,
		Example: `  finetune predict --model run --data new-faces/ --out labels.csv
  finetune predict --model run --data photo.jpg
  finetune predict --model run --data new-faces/ --tta=false
  finetune predict --model run --data files.txt --out labels.jsonl`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Model, "model", "", "`folder` of the trained run")
	f.StringVar(&job.Data.Path, "data", "", "`path` of the images: a folder, a manifest, a list of files or an image")
	f.StringVar(&job.Out, "out", "-", "`file` to write, .csv or .jsonl by its ending; - is standard output")
	f.StringVar(&job.Format, "format", "csv", "of standard output: csv or jsonl")
	f.StringVar(&job.Images.Backbone, "backbone", "", "ONNX `file` of the network, where it isn't where the run was trained")
	addTTAFlag(f, &job.TTA, "as the run was measured")
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "model", "data"); err != nil {
			return err
		}
		toStdout := job.Out == "-" || job.Out == ""
		if a.json && toStdout {
			return &usageError{fmt.Errorf("--json: standard output has the predictions already; give --out FILE, or --format jsonl instead of --json")}
		}
		progress, done := a.progress()
		job.Progress, job.Stdout = progress, a.out
		result, err := job.Run(c.Context())
		done()
		if err != nil || toStdout {
			return err
		}
		return a.print(result, func(w io.Writer) {
			fmt.Fprintf(w, "%d images labelled in %s\n", result.Images, result.Out)
			printUnreadable(w, result.Unreadable)
		})
	}
	return c
}
