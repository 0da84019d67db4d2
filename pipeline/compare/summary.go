package compare

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/metrics"
)

// fewUnits is the number of images or groups below which intervals are unreliable.
const fewUnits = 20

// cells are the metrics of one loss under one rule, by seed and fold.
type cells [][]metrics.Figures

// values returns one metric of every cell in which it is defined.
func (c cells) values(m metric) []float64 {
	var out []float64
	for _, folds := range c {
		for i := range folds {
			if v := m.of(&folds[i]); v.Defined() {
				out = append(out, float64(v))
			}
		}
	}
	return out
}

// difference returns the mean of c − other over the cells in which both are defined; NaN if there are none.
func (c cells) difference(other cells, m metric) float64 {
	var sum, n float64
	for s, folds := range c {
		for f := range folds {
			a, b := m.of(&folds[f]), m.of(&other[s][f])
			if a.Defined() && b.Defined() {
				sum += float64(a - b)
				n++
			}
		}
	}
	return sum / n
}

// A contrast is a pair of rows to compare. A row is loss*rules + rule.
type contrast struct{ row, reference int }

// summarize sets Rows: means and standard deviations over fits, and differences with intervals from a paired
// bootstrap of the held-out images.
func (r *Result) summarize(ctx context.Context, grid *crossval.Grid, seed uint64) error {
	seeds, rules := len(r.Seeds), len(decisionRules)
	of := func(figures [][]metrics.Figures, row int) cells { return figures[row*seeds : (row+1)*seeds] }
	actual := make([][]metrics.Figures, len(grid.Scores))
	for i, parts := range grid.Scores {
		for _, p := range parts {
			actual[i] = append(actual[i], p.Figures())
		}
	}
	reference := slices.IndexFunc(grid.Names,
		func(text string) bool { return lossName(text) == loss.CrossEntropy }) * rules
	var contrasts []contrast
	for row := range len(grid.Names) * rules {
		for _, c := range []contrast{{row, reference + row%rules}, {row, reference}} {
			if c.row != c.reference && !slices.Contains(contrasts, c) {
				contrasts = append(contrasts, c)
			}
		}
	}

	drawn := make([][]float64, len(contrasts)*len(comparedMetrics))
	for i := range drawn {
		drawn[i] = make([]float64, r.Resamples)
	}
	var err error
	r.Units, err = metrics.Resample(ctx, grid.Scores, crossval.Groups(grid.Plan.Items(grid.Table.Set)), r.Resamples, seed,
		func(resample int, figures [][]metrics.Figures) {
			for i, c := range contrasts {
				for j, m := range comparedMetrics {
					drawn[i*len(comparedMetrics)+j][resample] = of(figures, c.row).difference(of(figures, c.reference),
						m)
				}
			}
		})
	if err != nil {
		return err
	}
	if r.Units < fewUnits {
		r.Notes = append(r.Notes, fmt.Sprintf("the intervals are unreliable: they come from only %d images or groups",
			r.Units))
	}
	differences := map[contrast][]*Difference{}
	for i, c := range contrasts {
		for j, m := range comparedMetrics {
			d := &Difference{Mean: metrics.Number(of(actual, c.row).difference(of(actual, c.reference), m))}
			d.Interval = [2]metrics.Number{metrics.Number(math.NaN()), metrics.Number(math.NaN())}
			if r.Units >= 2 {
				d.Interval = metrics.Interval(drawn[i*len(comparedMetrics)+j])
			}
			differences[c] = append(differences[c], d)
		}
	}

	for rule, decision := range decisionRules {
		first := len(r.Rows)
		for i, text := range grid.Names {
			id := i*rules + rule
			row := Row{Loss: text, Decision: decision}
			for j, m := range comparedMetrics {
				mean, std := stat.MeanStdDev(of(actual, id).values(m), nil)
				f := Figure{Metric: m.name, Mean: metrics.Number(mean), Std: metrics.Number(std)}
				if d, ok := differences[contrast{id, reference + rule}]; ok {
					f.SameRule = d[j]
				}
				if d, ok := differences[contrast{id, reference}]; ok {
					f.Baseline = d[j]
				}
				row.Figures = append(row.Figures, f)
			}
			r.Rows = append(r.Rows, row)
		}
		markBest(r.Rows[first:])
	}
	return nil
}

// markBest marks the best mean of each metric among the rows of one rule if it is significantly better than that of
// cross-entropy.
func markBest(rows []Row) {
	for j, m := range comparedMetrics {
		best := -1
		for i := range rows {
			mean := rows[i].Figures[j].Mean
			if !mean.Defined() {
				continue
			}
			if best < 0 || mean > rows[best].Figures[j].Mean == m.higher && mean != rows[best].Figures[j].Mean {
				best = i
			}
		}
		if best >= 0 {
			f := &rows[best].Figures[j]
			f.Best = f.SameRule.ExcludesZero() && f.SameRule.Mean > 0 == m.higher
		}
	}
}
