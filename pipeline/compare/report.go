package compare

import (
	"fmt"
	"io"
	"math"
	"strings"

	"finetune/head"
	"finetune/internal/store/atomicfile"
	"finetune/loss"
	"finetune/pipeline/metrics"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// compareFiles says what the files beside the page are.
var compareFiles = []report.Setting{
	{Name: CSVFile, Value: "the tables of this page, a line for each figure"},
	{Name: JSONFile, Value: "everything, down to each fit"},
	{Name: PlotFile, Value: "mean error and ranked probability score of every loss, for print"},
}

// writeReport writes the page of the comparison.
func (r *Result) writeReport(path string) error {
	page, err := r.report()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { return report.WriteComparison(w, page) })
}

// report gathers what the page shows.
func (r *Result) report() (report.Comparison, error) {
	page := report.Comparison{Finetune: r.Finetune, Source: r.Data.Path, Compared: r.compared(), Reference: r.reference(), Files: compareFiles, Notes: r.Notes}
	for _, row := range r.Rows {
		last := len(page.Rules) - 1
		if last < 0 || page.Rules[last].Name != string(row.Decision) {
			page.Rules, last = append(page.Rules, report.Rule{Name: string(row.Decision)}), last+1
		}
		fitted := report.LossMetrics{Loss: row.Loss}
		for _, f := range row.Figures {
			undefined := metrics.Number(math.NaN())
			scored := report.ComparedMetric{Metric: f.Metric, Mean: f.Mean, Std: f.Std, Best: f.Best, Difference: undefined, Interval: [2]metrics.Number{undefined, undefined}}
			if d := f.SameRule; d != nil {
				scored.Difference, scored.Interval = d.Mean, d.Interval
			}
			fitted.Figures = append(fitted.Figures, scored)
		}
		page.Rules[last].Losses = append(page.Rules[last].Losses, fitted)
	}
	for _, l := range r.Losses {
		sections, err := run.Settings(struct {
			Head head.Config `json:"head"`
		}{l.Head})
		if err != nil {
			return page, err
		}
		for _, s := range sections {
			page.Settings = append(page.Settings, report.Section{Name: l.Loss, Settings: s.Settings})
		}
	}
	return page, nil
}

// reference is the name of the loss that the others are set against.
func (r *Result) reference() string {
	for _, l := range r.Losses {
		if l.Head.Loss.Name == loss.CrossEntropy {
			return l.Loss
		}
	}
	return loss.CrossEntropy
}

// compared says in words what was compared on what.
func (r *Result) compared() []report.Setting {
	heldOut := 0
	for _, f := range r.Folds {
		heldOut += f.HeldOut
	}
	out := []report.Setting{
		{Name: "Data", Value: run.DescribeData(r.Data, r.Features)},
		{Name: "Classes, lowest first", Value: strings.Join(run.ClassNames(r.Classes), " < ")},
		{Name: "Folds and seeds", Value: fmt.Sprintf("%d folds × %d seeds; each of %d images is held out once for each seed; intervals from %d draws of %d images or groups", len(r.Folds), len(r.Seeds), heldOut, r.Resamples, r.Units)},
	}
	return append(out, run.DescribeNetwork(r.Backbone)...)
}
