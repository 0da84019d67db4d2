package metrics

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// A Part holds the figures of the items that share a value, such as a site or a camera.
type Part struct {
	Value string `json:"value"`
	N     int    `json:"n"`
	Figures
	Intervals map[string][2]Number `json:"intervals,omitempty"` // 95 %, by the JSON name of a figure
	Coverage  Number               `json:"coverage"`            // share of prediction sets that hold the true class; NaN without sets
}

// Parts measures the items of each value by themselves, in the order of the values. There is one value an item. The
// errors are those of Evaluate.
func Parts(in Input, values []string) ([]Part, error) {
	if len(values) != len(in.Labels) {
		return nil, fmt.Errorf("metrics: %d values for %d items", len(values), len(in.Labels))
	}
	rows := map[string][]int{}
	for i, v := range values {
		rows[v] = append(rows[v], i)
	}
	var parts []Part
	for _, v := range slices.Sorted(maps.Keys(rows)) {
		r, err := Evaluate(in.Subset(rows[v]))
		if err != nil {
			return nil, err
		}
		p := Part{Value: v, N: r.N, Figures: r.Figures, Intervals: r.Intervals, Coverage: Number(math.NaN())}
		if r.Sets != nil {
			p.Coverage = r.Sets.Coverage
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// Subset returns the given items, which may come in any order. Slices that are nil stay so.
func (in Input) Subset(rows []int) Input {
	k := in.Space.Len()
	out := in
	out.Labels, out.Predicted = take(in.Labels, rows, 1), take(in.Predicted, rows, 1)
	out.Low, out.High = take(in.Low, rows, 1), take(in.High, rows, 1)
	out.Groups, out.Votes = take(in.Groups, rows, 1), take(in.Votes, rows, 1)
	out.Targets, out.Probabilities = take(in.Targets, rows, k), take(in.Probabilities, rows, k)
	return out
}

// take returns rows of a row-major matrix, nil of nil.
func take[T any](values []T, rows []int, columns int) []T {
	if values == nil {
		return nil
	}
	out := make([]T, 0, len(rows)*columns)
	for _, r := range rows {
		out = append(out, values[r*columns:(r+1)*columns]...)
	}
	return out
}
