package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"finetune/internal/cores"
	"finetune/pipeline/export"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

func newExport(a *app) *cobra.Command {
	job := export.Job{}
	c := &cobra.Command{
		Use:   "export --model RUN --format FORMAT --out PATH",
		Short: "Write a trained run for other programs",
		Long: `export writes a trained run in a format for programs that don't have finetune:

  onnx         one ONNX file: images to class, distribution, range and expected value
  onnx-head    the same for features that the program computes itself
  safetensors, npz, json
               the weights of the head with its description
  bundle       a run folder that needs nothing else, with the part of the network that is used

Each ONNX model and bundle is compared with the pipeline on images of the run before it is put in
place; a difference of a probability above 0.001 fails. docs/export.md describes the formats.`,
		Example: `  finetune export --model run --format onnx --out model.onnx
  finetune export --model run --format onnx --input tensor --out model.onnx
  finetune export --model run --format npz --out head.npz
  finetune export --model run --format bundle --out deployed/`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Model, "model", "", "`folder` of the trained run")
	f.StringVar(&job.Format, "format", "", strings.Join(export.Formats(), ", ")+" (default: by the ending of --out; .onnx is onnx)")
	f.StringVar(&job.Out, "out", "", "`file` to write, or the folder or s3:// address of a bundle")
	f.StringVar(&job.Input, "input", "", "of onnx: image, upright RGB of any size, or tensor, preprocessed images (default image)")
	f.BoolVar(&job.Overwrite, "overwrite", false, "replace what is there")
	f.StringVar(&job.Data, "data", "", "`path` of images to compare on (default: those that the run was trained on, or generated ones)")
	f.StringVar(&job.Images.Backbone, "backbone", "", "ONNX `file` of the network, where it isn't found")
	f.StringVar(&job.Images.Precision, "precision", "", "of onnx and bundle: make the network of a run in float32 cheaper: "+strings.Join(features.Precisions(), ", ")+" (default: as the run was trained)")
	f.StringVar(&job.Images.Cache, "cache", "", "folder of the `cache`, in which networks of other precision are kept (default: finetune in the user's cache folder)")
	addTTAFlag(f, &job.TTA, "as the run was measured")
	addNumber(f, &job.Threads, cores.Threads, "threads", "cores to work on (default: all)")
	f.StringVar(&job.Images.Library, "library", "", "the native ONNX Runtime `library`, where it isn't to be searched for")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "model", "out"); err != nil {
			return err
		}
		work := func(ctx context.Context, p progress.Reporter) (*export.Result, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, work, printExported)
	}
	return c
}

// printExported names the files, what a model takes and returns, and how far it is from the pipeline.
func printExported(w io.Writer, r *export.Result) {
	for _, t := range r.Inputs {
		fmt.Fprintf(w, "input   %s\t%s\t%s\n", t.Name, t.Type, t.Shape)
	}
	for _, t := range r.Outputs {
		fmt.Fprintf(w, "output  %s\t%s\t%s\n", t.Name, t.Type, t.Shape)
	}
	if c := r.Check; c != nil {
		fmt.Fprintf(w, "max |Δp| %.2g, on %d %s; the bound is %g\n", c.Difference, c.Images, c.On, c.Bound)
	}
	if p := r.Precision; p != nil {
		fmt.Fprintf(w, "%s instead of float32, on %d images: %d with another class; |Δp| up to %.2g, on average %.2g\n", p.Precision, p.Images, p.Changed, p.Largest, p.Difference)
	}
	for _, file := range r.Files {
		fmt.Fprintf(w, "wrote %s\n", file)
	}
}
