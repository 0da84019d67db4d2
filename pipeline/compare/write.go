package compare

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"finetune/internal/store/atomicfile"
	"finetune/pipeline/artifact"
	"finetune/pipeline/run"
)

// The files of a comparison.
const (
	JSONFile = "compare.json" // settings, table and all fits
	CSVFile  = "compare.csv"  // the table, one line for each metric
	PlotFile = "compare.svg"
)

// outputFolder is the kind of folder that a Job writes.
var outputFolder = artifact.Kind{Name: "comparison", Mark: JSONFile,
	Patterns: []string{JSONFile, CSVFile, PlotFile, run.ReportFile, artifact.UnreadableFile}}

// write writes the files, tables for a spreadsheet with safe, and publishes the folder.
func (r *Result) write(ctx context.Context, folder *artifact.Folder, safe bool) error {
	if err := r.writeCSV(folder.Path(CSVFile)); err != nil {
		return err
	}
	err := atomicfile.Write(folder.Path(PlotFile), func(w io.Writer) error { return r.plot(w) })
	if err != nil {
		return fmt.Errorf("write %s: %w", PlotFile, err)
	}
	if err := artifact.WriteUnreadable(folder.Path(artifact.UnreadableFile), r.Unreadable, safe); err != nil {
		return err
	}
	if err := r.writeReport(folder.Path(run.ReportFile)); err != nil {
		return err
	}
	if err := artifact.WriteJSON(folder.Path(JSONFile), r); err != nil {
		return err
	}
	return folder.Publish(ctx)
}

// writeCSV writes one line for each rule, loss and metric. Differences of the reference to itself are empty.
func (r *Result) writeCSV(path string) error {
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"decision", "loss", "metric", "mean", "std", "same_rule", "same_rule_low",
			"same_rule_high",
			"baseline", "baseline_low", "baseline_high", "best"}); err != nil {
			return err
		}
		for _, row := range r.Rows {
			for _, f := range row.Figures {
				line := []string{string(row.Decision), row.Loss, f.Metric, artifact.FormatFloat(float64(f.Mean)),
					artifact.FormatFloat(float64(f.Std))}
				for _, d := range []*Difference{f.SameRule, f.Baseline} {
					if d == nil {
						line = append(line, "", "", "")
						continue
					}
					line = append(line, artifact.FormatFloat(float64(d.Mean)),
						artifact.FormatFloat(float64(d.Interval[0])), artifact.FormatFloat(float64(d.Interval[1])))
				}
				if err := w.Write(append(line, strconv.FormatBool(f.Best))); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
