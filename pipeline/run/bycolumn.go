package run

import (
	"fmt"

	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/metrics"
)

// ByColumn holds the figures of the images of each value of a column.
type ByColumn struct {
	Column string         `json:"column"`
	Parts  []metrics.Part `json:"parts"`
}

// mostParts bounds how many values of a column are measured by themselves.
const mostParts = 200

// CheckBy refuses a column with too many values to measure each by itself.
func CheckBy(column string, items []dataset.Item) error {
	distinct := map[string]bool{}
	for _, item := range items {
		distinct[item.By] = true
	}
	if column == "" || len(distinct) <= mostParts {
		return nil
	}
	return &invalid.Error{Field: "Data.By", Found: fmt.Sprintf("%d values in the column %q", len(distinct), column), Want: fmt.Sprintf("at most %d", mostParts),
		Hint: "name a column that groups the images, such as a site or a camera"}
}

// MeasureBy measures the items of each value of a column, which dataset.Options.By named; nil for the column "".
func MeasureBy(column string, items []dataset.Item, in metrics.Input) (*ByColumn, error) {
	if column == "" {
		return nil, nil
	}
	if err := CheckBy(column, items); err != nil {
		return nil, err
	}
	values := make([]string, len(items))
	for i, item := range items {
		values[i] = item.By
	}
	parts, err := metrics.Parts(in, values)
	return &ByColumn{Column: column, Parts: parts}, err
}
