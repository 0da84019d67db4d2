package main

import (
	"context"

	"github.com/spf13/cobra"

	"finetune/pipeline/progress"
	"finetune/pipeline/train"
)

const trainLong = `It computes the features of the images with the frozen network (or reads them from the cache), fits a small head to them, measures it on images that it was not trained on, and writes a run folder: report.html to read, head.safetensors and head.onnx (the weights), config.json (every setting), metrics.json, history.csv, predictions.csv and suspects.csv (labels that may be wrong).

PATH is a folder with one folder per class (train/, val/ and test/ above them are used as splits), a table with paths and labels (CSV, JSONL or Parquet; any column names), a flat folder with --label-regex and --bins, or a data set as it is distributed (docs/data.md). An ordinal loss needs the order of the classes: numbers, ranges and names such as "Grade 2" sort by value, any other names need --order.

A linear head with squared EMD, the default, is solved in closed form and trained on all images. The figures are then of out-of-fold predictions: each image is predicted by a regression that left it out. Other heads are trained by iterating (--optimizer sgd, --hidden), with a part held out for the figures.

--folds K runs a cross-validation: every image is held out once, the figures are out-of-fold, and the head that is kept is trained on all images of the folds.`

const trainExamples = `  finetune --data faces/
  finetune --backbone resnet50.onnx --data faces/ --out run
  finetune --data grades.csv --order mild,moderate,severe
  finetune --data utkface/ --label-regex '^(\d+)_' --bins 0,3,7,13,20,33,44,60
  finetune --data faces/ --quality best --views 2 --tta
  finetune --features features/ --hidden 256 --loss emd2 --decision median
  finetune --data faces/ --folds 5 --repeats 3`

func newTrain(a *app) *cobra.Command {
	job := train.New("")
	h := newHeadFlags(&job.Head)
	c := &cobra.Command{
		Use:     "train --data PATH [--backbone FILE]",
		Short:   "Train a head on images or extracted features",
		Long:    trainLong,
		Example: trainExamples,
		Args:    noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Data.Path, "data", "", "`path` of the images: a folder or a manifest")
	f.Var(&partsFlag{&job.Features}, "features", "`folder` of extracted features, or of parts of them, instead of --data and --backbone; may be given again")
	f.StringVar(&job.Quality, "quality", train.Balanced, "`level` of the features: fast (the network's last), balanced, or best (covariances too, where they lower the out-of-fold RPS)")
	f.StringVar(&job.Out, "out", "", "the run `folder` or its s3:// address (default: finetune-run-1, or the next free number)")
	f.BoolVar(&job.Overwrite, "overwrite", false, "replace an earlier run in --out once the new one is complete")
	f.BoolVar(&job.Resume, "resume", false, "go on with an interrupted run in --out; a complete one is left as it is")
	f.BoolVar(&job.Explain, "explain", false, "draw into the report what places the worst mistakes come from (see finetune explain)")
	f.StringVar(&job.Data.By, "by", "", "`column` of the manifest: measure the held-out images of each value by themselves, too, e.g. site")
	f.BoolVar(&job.LearningCurve, "learning-curve", false, "train on an eighth, a quarter and half of the images too, to tell whether more labels would help")
	addSpreadsheetFlag(f, &job.SpreadsheetSafe)
	f.BoolVar(&job.TensorBoard, "tensorboard", false, "write the history as a TensorBoard event file into the run folder, too")
	addLabelFlags(f, &job.Data)
	addSplitFlags(f, &job.Split, train.Numbers.Test)
	addFoldFlags(f, &job)
	addNetworkFlags(f, &job.Images)
	addChosenViewFlags(f, &job.Images, &job.AutoViews)
	addTTAFlag(f, &job.TTA, "the image alone")
	h.add(f)
	addCalibrationFlags(f, &job.Calibrate)
	softeningFlag(f, &job.Soften)
	addSearchFlags(f, &job.Search)
	addRuntimeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := either(c, job.Data.Path, job.Features); err != nil {
			return err
		}
		if err := h.complete(); err != nil {
			return err
		}
		if err := h.decide(f, &job.Calibrate); err != nil {
			return err
		}
		job.Search.Over = searchOver(f)
		job.Command = a.command(c)
		run := func(ctx context.Context, p progress.Reporter) (*train.Result, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, run, printTrained)
	}
	return c
}
