package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
)

// printTrust writes what else an evaluation tells: the figures by column, what setting images aside brings, the
// raters' own spread and what is unfamiliar.
func printTrust(w io.Writer, r *run.EvaluateResult) {
	printBy(w, r.By)
	printRisk(w, r.Metrics.Risk)
	if v := r.Review; v != nil && v.N > 0 {
		fmt.Fprintf(
			w,
			"marked for review: %d images (%s asked for); %s of them are wrong, %s of the others\n",
			v.N,
			percent(metrics.Number(v.Share)),
			percent(v.Error),
			percent(v.Others),
		)
	}
	if s := r.Metrics.Raters; s != nil {
		fmt.Fprintf(
			w,
			"\ntwo raters of an image differ by %v classes on average, the head and a rater by %v (%d images)\n",
			s.Spread,
			s.MAE,
			s.N,
		)
	}
	if u := r.Unfamiliar; u != nil && u.N > 0 {
		fmt.Fprintf(
			w,
			"unlike the training images: %d (%s; up to %s are to be expected); accuracy on the others %v\n",
			u.N,
			percent(metrics.Number(float64(u.N)/float64(r.Metrics.N))),
			percent(metrics.Number(u.Expected)),
			u.Accuracy,
		)
	}
}

// printRisk says what it brings to set the least sure fifth aside.
func printRisk(w io.Writer, c *metrics.RiskCoverage) {
	if c == nil {
		return
	}
	const kept = 0.8
	for _, p := range c.Points {
		if p.Coverage >= kept && p.Aside.Defined() {
			fmt.Fprintf(
				w,
				"\nof the surest %s of the images %s are wrong, of the others %s\n",
				percent(metrics.Number(p.Coverage)),
				percent(p.Error),
				percent(p.Aside),
			)
			return
		}
	}
}

// printBy writes the figures of each value of a column; nil is none.
func printBy(w io.Writer, by *run.ByColumn) {
	if by == nil {
		return
	}
	fmt.Fprintf(w, "\nby %s\n", by.Column)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\timages\taccuracy\tMAE (classes)\t95 % interval")
	for _, p := range by.Parts {
		interval := ""
		if at, ok := p.Intervals["mae"]; ok {
			interval = fmt.Sprintf("%v – %v", at[0], at[1])
		}
		fmt.Fprintf(t, "%s\t%d\t%v\t%v\t%s\n", p.Value, p.N, p.Accuracy, p.MAE, interval)
	}
	t.Flush()
}
