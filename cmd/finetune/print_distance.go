package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"finetune/label"
)

// printGroundDistance writes a measured K × K matrix beside the one of ordered classes, where both fit a terminal.
func printGroundDistance(w io.Writer, matrix []float64, space label.Space) {
	k := space.Len()
	if matrix == nil || k > mostConfusion {
		return
	}
	fmt.Fprintln(w, "\nground distance between classes: measured on the features | ordered, |i−j|/(K−1)")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\t")
	for range 2 {
		for j := range k {
			fmt.Fprintf(t, "%s\t", space.Class(j))
		}
		fmt.Fprint(t, " \t")
	}
	fmt.Fprintln(t)
	for i := range k {
		fmt.Fprintf(t, "%s\t", space.Class(i))
		for j := range k {
			fmt.Fprintf(t, "%.2f\t", matrix[i*k+j])
		}
		fmt.Fprint(t, "|\t")
		for j := range k {
			fmt.Fprintf(t, "%.2f\t", math.Abs(float64(i-j))/float64(k-1))
		}
		fmt.Fprintln(t, " \t")
	}
	t.Flush()
}
