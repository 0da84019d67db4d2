package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"finetune/pipeline/calibration"
	"finetune/pipeline/metrics"
)

// printSets prints the coverage and the width of prediction sets.
func printSets(w io.Writer, s *metrics.Sets) {
	if s == nil {
		return
	}
	// Sets of all classes, as too few images to calibrate give, always contain the true class: that says nothing of the model.
	k := len(s.PerClass)
	all := float64(s.Width) >= float64(k)
	interval := "95 % interval " + percents(s.Interval)
	if all {
		interval = "no 95 % interval: each contains every class"
	}
	fmt.Fprintf(w, "\nprediction intervals (low to high): target coverage %s, measured %s (%s), mean width %.2f classes\n",
		percent(metrics.Number(s.TargetCoverage)), percent(s.Coverage), interval, float64(s.Width))
	if all || k > mostConfusion {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "true class\timages\tcoverage\t95 % interval\twidth\n")
	for _, c := range s.PerClass {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%v\n", c.Class, c.N, percent(c.Coverage), percents(c.Interval), c.Width)
	}
	t.Flush()
}

// printCalibration prints what was fitted to a head after its training.
func printCalibration(w io.Writer, c *calibration.Result) {
	if c == nil {
		return
	}
	if e := c.Expected; e != nil {
		fmt.Fprintf(w, "expected coverage with %d calibration images: %s\n", c.Images, percents([2]metrics.Number{metrics.Number(e[0]), metrics.Number(e[1])}))
	}
	if t := c.Temperature; t != nil {
		b, a := t.HeldOut.Before, t.HeldOut.After
		fmt.Fprintf(w, "\ntemperature %.3f: held-out NLL %v before, %v after; ECE %v before, %v after\n", t.Value, b.NLL, a.NLL, b.ECE, a.ECE)
	}
	if c.Metric != "" {
		fmt.Fprintf(w, "\ndecision rules on the %d validation images; * marks the best by %s, which is used\n", c.Images, c.Metric)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		metric, _ := metrics.ByName(c.Metric)
		fmt.Fprintf(t, "\t\t%s\taccuracy\tone-off\tMAE\tRMSE\tQWK\n", c.Metric)
		for _, r := range c.Rules {
			mark := ""
			if r.Taken {
				mark = "*"
			}
			f := r.Figures
			fmt.Fprintf(t, "%s\t%s\t%v\t%v\t%v\t%v\t%v\t%v\n", mark, r.Decision, metric.Of(&f), f.Accuracy, f.OneOffAccuracy, f.MAE, f.RMSE, f.QWK)
		}
		t.Flush()
	}
	for _, note := range c.Notes {
		fmt.Fprintln(w, "note:", note)
	}
}

// percent writes a share, percents an interval of shares.
func percent(v metrics.Number) string {
	if !v.Defined() {
		return v.String()
	}
	return fmt.Sprintf("%.1f %%", 100*float64(v))
}

func percents(at [2]metrics.Number) string {
	if !at[0].Defined() || !at[1].Defined() {
		return at[0].String()
	}
	return fmt.Sprintf("%.1f – %.1f %%", 100*float64(at[0]), 100*float64(at[1]))
}
