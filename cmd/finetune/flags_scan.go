package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/pipeline/run"
)

// addScanFlags binds the run and the unlabelled images that it is applied to.
func addScanFlags(f *pflag.FlagSet, s *run.Scan) {
	f.StringVar(&s.Model, "model", "", "`folder` of the trained run")
	f.StringVar(&s.Data.Path, "data", "", "`path` of the unlabelled images: a folder, a manifest or a list of files")
	f.StringVar(&s.Features, "features", "", "`folder` of ready features, instead of --data")
}

// addScanRuntimeFlags binds where the network is and how the work is done.
func addScanRuntimeFlags(f *pflag.FlagSet, s *run.Scan) {
	addMovedNetworkFlag(f, &s.Images.Backbone)
	addRuntimeFlags(f, &s.Images, &s.Threads)
}

// checkScan reports what addScanFlags needs and wasn't given.
func checkScan(c *cobra.Command, s run.Scan) error {
	if err := required(c, "model"); err != nil {
		return err
	}
	return either(c, s.Data.Path, s.Features)
}
