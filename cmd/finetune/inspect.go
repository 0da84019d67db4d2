package main

import (
	"io"

	"github.com/spf13/cobra"

	"finetune/pipeline/run"
)

func newInspect(a *app) *cobra.Command {
	job := run.Inspect{}
	c := &cobra.Command{
		Use:   "inspect [FILE]",
		Short: "Describe a network or a trained run",
		Long: `inspect describes an ONNX network: what goes in, what comes out, which tensor would be used as the feature and why, and what else
could be. Given a run folder it describes the run. Without a file it describes the embedded network.`,
		Example: `  finetune inspect resnet50.onnx
  finetune inspect run
  finetune inspect resnet50.onnx --tap /avgpool/GlobalAveragePool_output_0`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactly("FILE")(c, args)
		},
	}
	addTapFlags(c.Flags(), &job.Tap, &job.Pool, &job.PoolStat)
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			job.Path = args[0]
		}
		result, err := job.Run(c.Context())
		if err != nil {
			return err
		}
		return a.print(result, func(w io.Writer) { printInspected(w, result) })
	}
	return c
}
