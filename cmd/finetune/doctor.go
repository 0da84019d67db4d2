package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"finetune/invalid"
	"finetune/pipeline/machine"
)

func newDoctor(a *app) *cobra.Command {
	job := machine.Doctor{}
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check the native library, the processor and the cache",
		Long:  `doctor lists where the native ONNX Runtime was looked for and what was found, runs a small network with it, and checks the processor and the cache. The exit status is 2 if problems were found.`,
		Args:  noArgs,
	}
	c.Flags().StringVar(&job.Library, "library", "", "the native ONNX Runtime `library`, where it isn't to be searched for")
	c.Flags().StringVar(&job.Cache, "cache", "", "folder of the feature `cache` (default: finetune in the user's cache folder)")
	c.Flags().StringVar(&job.Device, "device", "", "what the library is for: cpu, cuda or auto; cuda tells what is missing for it (default cpu)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		report, err := job.Run(c.Context())
		if err != nil {
			return err
		}
		for i, p := range report.Problems {
			report.Problems[i] = machine.Problem{Message: invalid.Named(p.Message, flagName), Advice: invalid.Named(p.Advice, flagName)}
		}
		if err := a.print(report, func(w io.Writer) { printDoctor(w, report) }); err != nil {
			return err
		}
		switch n := len(report.Problems); n {
		case 0:
			return nil
		case 1:
			return &usageError{fmt.Errorf("a problem was found: %s", report.Problems[0].Advice)}
		default:
			return &usageError{fmt.Errorf("%d problems were found; first: %s", n, report.Problems[0].Advice)}
		}
	}
	return c
}

func printDoctor(w io.Writer, r *machine.DoctorReport) {
	fmt.Fprintf(w, "finetune   %s, %s, %s\n", r.Program.Version, r.Program.Go, r.Program.Platform)
	fmt.Fprintf(w, "processor  %d cores, %s\n", r.CPU.Cores, strings.Join(r.CPU.SIMD, " "))
	fmt.Fprintf(w, "cache      %s, %d files, %.1f MB\n", r.Cache.Path, r.Cache.Files, float64(r.Cache.Bytes)/1e6)
	if r.Library.Found {
		fmt.Fprintf(w, "library    ONNX Runtime %s, %s (%s), providers %s\n",
			r.Library.Version, r.Library.Path, r.Library.Origin, strings.Join(r.Library.Providers, ", "))
	} else {
		fmt.Fprintf(w, "library    none found; ONNX Runtime %s or newer is needed, %s is tested\n", r.Library.Needed, r.Library.Tested)
	}
	for _, p := range r.Library.Places {
		fmt.Fprintf(w, "  %-18s %-10s %s", p.Origin, p.State, p.Path)
		if p.Detail != "" {
			fmt.Fprintf(w, " (%s)", p.Detail)
		}
		fmt.Fprintln(w)
	}
	if r.CUDA != nil {
		printCUDA(w, r.CUDA)
	}
	if len(r.Problems) == 0 {
		fmt.Fprintln(w, "OK: no problems found")
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "problem    %s\n           %s\n", p.Message, p.Advice)
	}
}

// printCUDA prints what a build for CUDA needs and where it is.
func printCUDA(w io.Writer, r *machine.CUDAReport) {
	fmt.Fprintf(w, "cuda       needs CUDA %s, driver %s or newer; driver found: %s\n", r.CUDA, r.Needed, cmp.Or(r.Driver, "none"))
	for _, l := range r.Libraries {
		fmt.Fprintf(w, "  %-18s %s\n", l.Name, cmp.Or(l.Path, "missing"))
	}
}
