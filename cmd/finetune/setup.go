package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"finetune/pipeline/machine"
)

func newSetup(a *app) *cobra.Command {
	job := machine.Setup{}
	c := &cobra.Command{
		Use:   "setup",
		Short: "Install the native ONNX Runtime into the user's cache",
		Long:  `setup installs the version of ONNX Runtime that this program is tested with, after checking its SHA-256, into the user's cache, where every later command finds it. It is the only command that uses the network, through pip or npm.`,
		Example: `  finetune setup
  finetune setup --device cuda
  finetune setup --with npm
  finetune setup --from onnxruntime.whl`,
		Args: noArgs,
	}
	f := c.Flags()
	f.StringVar(&job.Device, "device", "", "what networks shall run on: cpu or cuda, a build for NVIDIA GPUs (default cpu)")
	f.StringVar(&job.From, "from", "", "a `file` that was brought by hand: wheel, npm tarball, release archive or the library itself")
	f.StringVar(&job.With, "with", "", "the `client` to download with: pip or npm (default: whichever is there)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		result, err := job.Run(c.Context())
		if err != nil {
			return err
		}
		return a.print(result, func(w io.Writer) {
			if result.Already {
				fmt.Fprintf(w, "ONNX Runtime %s is installed already: %s\n", result.Version, result.Library)
			} else {
				fmt.Fprintf(w, "ONNX Runtime %s installed (%s): %s\n", result.Version, result.Source, result.Library)
			}
			if result.CUDA != nil {
				printCUDA(w, result.CUDA)
				for _, p := range result.CUDA.Problems() {
					fmt.Fprintf(w, "problem    %s\n           %s\n", p.Found, p.Advice)
				}
			}
		})
	}
	return c
}
