package pipeline

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"finetune/internal/store/atomicfile"
)

// The files of a comparison.
const (
	CompareJSONFile = "compare.json" // everything: settings, the table, every fit
	CompareCSVFile  = "compare.csv"  // the table, a line for each figure
	ComparePlotFile = "compare.svg"
)

// write leaves the files of the comparison: compare.json last, so that a folder which has it is whole.
func (r *CompareResult) write(folder string) error {
	if err := r.writeCSV(filepath.Join(folder, CompareCSVFile)); err != nil {
		return err
	}
	err := atomicfile.Write(filepath.Join(folder, ComparePlotFile), func(w io.Writer) error { return r.plot(w) })
	if err != nil {
		return fmt.Errorf("write %s: %w", ComparePlotFile, err)
	}
	if err := replaceUnreadable(filepath.Join(folder, UnreadableFile), r.Unreadable); err != nil {
		return err
	}
	if err := r.writeReport(filepath.Join(folder, ReportFile)); err != nil {
		return err
	}
	return writeJSON(filepath.Join(folder, CompareJSONFile), r)
}

// writeCSV writes a line for each rule, loss and figure. A difference of something with itself is left empty.
func (r *CompareResult) writeCSV(path string) error {
	return writeCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"decision", "loss", "metric", "mean", "std", "same_rule", "same_rule_low", "same_rule_high",
			"baseline", "baseline_low", "baseline_high", "best"}); err != nil {
			return err
		}
		for _, row := range r.Rows {
			for _, f := range row.Figures {
				line := []string{string(row.Decision), row.Loss, f.Metric, shortest(float64(f.Mean)), shortest(float64(f.Std))}
				for _, d := range []*CompareDifference{f.SameRule, f.Baseline} {
					if d == nil {
						line = append(line, "", "", "")
						continue
					}
					line = append(line, shortest(float64(d.Mean)), shortest(float64(d.Interval[0])), shortest(float64(d.Interval[1])))
				}
				if err := w.Write(append(line, strconv.FormatBool(f.Best))); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
