package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

func newExtract(a *app) *cobra.Command {
	job := features.Extract{}
	c := &cobra.Command{
		Use:   "extract --data PATH --out DIR",
		Short: "Turn images into a folder of features",
		Long: `extract writes features.npy (float32, a row an image), index.csv (what each row is) and meta.json (where the features come
from). finetune train --features DIR trains on them, and so can any program that reads .npy files. The images need no labels;
where they have some, they are kept as written. With --views an image has as many rows, one after the other; index.csv numbers
them, 0 being the image itself.`,
		Example: `  finetune extract --data faces/ --out features/
  finetune extract --data faces/ --views 2 --out features/
  finetune extract --data files.txt --backbone resnet50.onnx --out features/`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Data.Path, "data", "",
		"`path` of the images: a folder, a manifest, a list, an image, an archive, Parquet or a pattern of these")
	f.StringVar(&job.Out, "out", "", "the feature `folder`")
	addLabelFlags(f, &job.Data)
	addNetworkFlags(f, &job.Images)
	addViewFlags(f, &job.Images)
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "data", "out"); err != nil {
			return err
		}
		run := func(ctx context.Context, p progress.Reporter) (*features.ExtractResult, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, run, func(w io.Writer, r *features.ExtractResult) {
			fmt.Fprintf(w, "%d × %d features in %s\n", r.Rows, r.Width, r.Folder)
			printUnreadable(w, r.Unreadable)
		})
	}
	return c
}
