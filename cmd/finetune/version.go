package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"finetune/pipeline/machine"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			p := machine.Program()
			return a.print(p, func(w io.Writer) {
				fmt.Fprintf(w, "finetune %s, %s, %s\n", p.Version, p.Go, p.Platform)
				if p.Revision != "" {
					modified := ""
					if p.Modified {
						modified = " (with changes)"
					}
					fmt.Fprintf(w, "commit %s%s\n", p.Revision, modified)
				}
			})
		},
	}
}
