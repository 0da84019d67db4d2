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

// fileDescriptions describe the files beside the page.
var fileDescriptions = []report.Setting{
	{Name: CSVFile, Value: "the tables of this page, one line for each metric"},
	{Name: JSONFile, Value: "all results, including each fit"},
	{Name: PlotFile, Value: "plot of the mean error and the ranked probability score of every loss"},
}

// writeReport writes the page of the comparison.
func (r *Result) writeReport(path string) error {
	page, err := r.report()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { return report.WriteComparison(w, page) })
}

// report returns the content of the page.
func (r *Result) report() (report.Comparison, error) {
	page := report.Comparison{Finetune: r.Finetune, Source: r.Data.Path, Compared: r.compared(),
		Reference: r.reference(), Files: fileDescriptions, Notes: r.Notes}
	for _, row := range r.Rows {
		last := len(page.Rules) - 1
		if last < 0 || page.Rules[last].Name != string(row.Decision) {
			page.Rules, last = append(page.Rules, report.Rule{Name: string(row.Decision)}), last+1
		}
		lossMetrics := report.LossMetrics{Loss: row.Loss}
		for _, f := range row.Figures {
			undefined := metrics.Number(math.NaN())
			metric := report.ComparedMetric{Metric: f.Metric, Mean: f.Mean, Std: f.Std, Best: f.Best,
				Difference: undefined, Interval: [2]metrics.Number{undefined, undefined}}
			if d := f.SameRule; d != nil {
				metric.Difference, metric.Interval = d.Mean, d.Interval
			}
			lossMetrics.Figures = append(lossMetrics.Figures, metric)
		}
		page.Rules[last].Losses = append(page.Rules[last].Losses, lossMetrics)
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

// reference returns the loss that differences are relative to.
func (r *Result) reference() string {
	for _, l := range r.Losses {
		if l.Head.Loss.Name == loss.CrossEntropy {
			return l.Loss
		}
	}
	return loss.CrossEntropy
}

// compared describes data, folds and network.
func (r *Result) compared() []report.Setting {
	heldOut := 0
	for _, f := range r.Folds {
		heldOut += f.HeldOut
	}
	out := []report.Setting{
		{Name: "Data", Value: run.DescribeData(r.Data, r.Features)},
		{Name: "Classes, lowest first", Value: strings.Join(run.ClassNames(r.Classes), " < ")},
		{Name: "Folds and seeds", Value: fmt.Sprintf("%d folds × %d seeds; each of %d images is held out once for "+
			"each seed; intervals from %d resamples of %d images or groups", len(r.Folds), len(r.Seeds), heldOut,
			r.Resamples, r.Units)},
	}
	return append(out, run.DescribeNetwork(r.Backbone)...)
}
