package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

func newExtract(a *app) *cobra.Command {
	job, rows := features.Extract{}, features.ExtractRows{}
	c := &cobra.Command{
		Use:   "extract --data PATH --out DIR|-",
		Short: "Turn images into a folder of features",
		Long: `extract writes features.npy (float32, or float16, a row an image), index.csv (what each row is) and meta.json (where the features come
from). finetune train --features DIR trains on them, and so can any program that reads .npy files. The images need no labels;
where they have some, they are kept as written. With --views an image has as many rows, one after the other; index.csv numbers
them, 0 being the image itself.

With --out - it is a filter: a row for each image with its path, its features or its error goes to standard output. --data may then
be - too, for lines on standard input, which are answered as they come: each is a path, or a JSON object with a path, or with bytes
in base64 and an id. Labels stay with whoever reads the rows.`,
		Example: `  finetune extract --data faces/ --out features/
  finetune extract --data faces/ --views 2 --out features/
  finetune extract --data files.txt --backbone resnet50.onnx --out features/
  finetune extract --data faces/ --shard 3/16 --out features/part-03
  find . -name '*.jpg' | finetune extract --data - --out - --format jsonl --tap last -q`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Data.Path, "data", "",
		"`path` of the images: a folder, a manifest, a list, an image, an archive, Parquet or a pattern of these")
	f.StringVar(&job.Out, "out", "", "the feature `folder` or its s3:// address; - is rows on standard output")
	f.StringVar(&rows.Format, "format", "", "of rows on standard output: csv, jsonl or parquet (default csv)")
	f.StringSliceVar(&rows.Columns, "columns", nil,
		"`names` of the columns of these rows: path, features, features_base64 (float32, little-endian), error")
	addSpreadsheetFlag(f, &job.SpreadsheetSafe)
	f.Var(&shardFlag{&rows.Shard}, "shard", "extract only part i of n of the input, i from 0; train --features takes the parts together")
	addLabelFlags(f, &job.Data)
	addNetworkFlags(f, &job.Images)
	addViewFlags(f, &job.Images)
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "data", "out"); err != nil {
			return err
		}
		if job.Out == "-" {
			if err := notWithRows(c, a.json); err != nil {
				return err
			}
			reporter, done := a.progress()
			defer done()
			rows.Path, rows.ImageColumn, rows.Images, rows.Threads = job.Data.Path, job.Data.ImageColumn, job.Images, job.Threads
			rows.SpreadsheetSafe = job.SpreadsheetSafe
			rows.Progress, rows.Stdin, rows.Stdout = reporter, a.in, a.out
			return rows.Run(c.Context())
		}
		if err := onlyWithRows(c); err != nil {
			return err
		}
		job.Data.Shard = rows.Shard
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

// notWithRows refuses what rows on standard output don't have.
func notWithRows(c *cobra.Command, json bool) error {
	if json {
		return &usageError{errors.New("--json: standard output has the rows already; give --format jsonl instead of --json")}
	}
	labels := pflag.NewFlagSet("", pflag.ContinueOnError)
	addLabelFlags(labels, &dataset.Options{})
	labels.Float64("max-unreadable", 0, "")
	var err error
	labels.VisitAll(func(f *pflag.Flag) {
		if f.Name != "image-column" && c.Flags().Changed(f.Name) {
			err = &invalid.Error{Field: "--" + f.Name, Found: "given with --out -, whose rows have no labels and stand for every image",
				Hint: "leave it out, or give a folder as --out"}
		}
	})
	return err
}

// onlyWithRows refuses what a feature folder doesn't have.
func onlyWithRows(c *cobra.Command) error {
	for _, name := range []string{"format", "columns"} {
		if c.Flags().Changed(name) {
			return &invalid.Error{Field: "--" + name, Found: "given with a feature folder", Hint: "give --out - for rows on standard output"}
		}
	}
	return nil
}
