package main

import (
	"context"

	"github.com/spf13/cobra"

	"finetune/pipeline/progress"
	"finetune/pipeline/train"
)

const trainLong = `It computes the features of the images (or finds them in the cache), fits a small head to them, measures it on images
that are held out, and leaves a run folder: report.html (to read), head.safetensors and head.onnx (the weights), config.json (every setting),
metrics.json, history.csv, predictions.csv and suspects.csv (labels that may be wrong).

PATH is a folder with a folder per class (or train/, val/ and test/ above those), a CSV or JSONL manifest
(path,label[,split][,fold][,group][,weight]), a flat folder with --label-regex and --bins, or Adience as it is distributed. The
order of the classes is what an ordinal loss learns: numbers and ranges sort by value, any other names need --order.

With --folds K every image is held out once: K heads are each trained without one fold and measured on it, and the head that is
kept is trained on all images. The figures are then those of the K heads on what they haven't seen; a test part that the data
names, or --test-split, stays out of the folds and is measured with the kept head.`

const trainExamples = `  finetune --data faces/
  finetune --backbone resnet50.onnx --data faces/ --out run
  finetune --data grades.csv --order mild,moderate,severe
  finetune --data utkface/ --label-regex '^(\d+)_' --bins 0,3,7,13,20,33,44,60
  finetune --data faces/ --views 2 --tta
  finetune --features features/ --hidden 256 --loss emd2 --decision median
  finetune --data faces/ --folds 5 --repeats 3`

func newTrain(a *app) *cobra.Command {
	job := train.New("")
	h := newHeadFlags(&job.Head)
	c := &cobra.Command{
		Use:     "train --data PATH [--backbone FILE]",
		Short:   "Train on images, or on features that are ready",
		Long:    trainLong,
		Example: trainExamples,
		Args:    noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Data.Path, "data", "", "`path` of the images: a folder or a manifest")
	f.StringVar(&job.Features, "features", "", "`folder` of ready features, instead of --data and --backbone")
	f.StringVar(&job.Out, "out", "", "the run `folder` (default: finetune-run-1, or the next free number)")
	f.BoolVar(&job.Overwrite, "overwrite", false, "replace an earlier run in --out once the new one is complete")
	f.BoolVar(&job.Resume, "resume", false, "go on with an interrupted run in --out; a complete one is left as it is")
	f.BoolVar(&job.Explain, "explain", false, "draw into the report what places the worst mistakes come from (see finetune explain)")
	addLabelFlags(f, &job.Data)
	addSplitFlags(f, &job.Split)
	addFoldFlags(f, &job)
	addNetworkFlags(f, &job.Images)
	addViewFlags(f, &job.Images)
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
		if job.Folds > 0 && !f.Changed("test-split") {
			job.Split.Test = 0 // every image is held out by a fold
		}
		run := func(ctx context.Context, p progress.Reporter) (*train.Result, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, run, printTrained)
	}
	return c
}
