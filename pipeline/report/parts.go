package report

import "finetune/pipeline/metrics"

// A partRow is one value of a column in the table of its figures.
type partRow struct {
	Value, Accuracy, MAE, Interval string
	N                              int
	Few                            bool
}

// partRows describes the figures of the values of a column.
func partRows(parts []metrics.Part) []partRow {
	var rows []partRow
	for _, p := range parts {
		row := partRow{Value: p.Value, N: p.N, Accuracy: percent.number(p.Accuracy), MAE: plain.number(p.MAE), Interval: "–", Few: p.N < fewImages}
		if row.Value == "" {
			row.Value = "(empty)"
		}
		if at, ok := p.Intervals["mae"]; ok {
			row.Interval = plain.interval(at)
		}
		rows = append(rows, row)
	}
	return rows
}
