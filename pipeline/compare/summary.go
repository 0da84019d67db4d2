package compare

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/metrics"
)

// fewUnits is how few images or groups make intervals that shouldn't be relied on.
const fewUnits = 20

// cells are the figures of one loss with one rule, by seed and fold.
type cells [][]metrics.Figures

// values returns one figure of every cell where it is defined.
func (c cells) values(m comparedMetric) []float64 {
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

// less returns the mean over cells of c's figure less other's, of cells where both are defined; NaN where there are none.
func (c cells) less(other cells, m comparedMetric) float64 {
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

// A contrast is two rows of the table that are set against each other. A row is loss*rules + rule.
type contrast struct{ row, reference int }

// sumUp fills in the table: means and deviations of the fits' figures, and differences with intervals from a bootstrap of the
// held-out images.
func (r *Result) sumUp(run *crossval.Grid, seed uint64) error {
	seeds, rules := len(r.Seeds), len(comparedRules)
	of := func(figures [][]metrics.Figures, row int) cells { return figures[row*seeds : (row+1)*seeds] }
	actual := make([][]metrics.Figures, len(run.Scores))
	for i, parts := range run.Scores {
		for _, p := range parts {
			actual[i] = append(actual[i], p.Figures())
		}
	}
	reference := slices.IndexFunc(run.Names, func(text string) bool { return lossName(text) == loss.CrossEntropy }) * rules
	var contrasts []contrast
	for row := range len(run.Names) * rules {
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
	r.Units, err = metrics.Resample(run.Scores, crossval.Groups(run.Plan.Items(run.Table.Set)), r.Resamples, seed,
		func(resample int, figures [][]metrics.Figures) {
			for i, c := range contrasts {
				for j, m := range comparedMetrics {
					drawn[i*len(comparedMetrics)+j][resample] = of(figures, c.row).less(of(figures, c.reference), m)
				}
			}
		})
	if err != nil {
		return err
	}
	if r.Units < fewUnits {
		r.Notes = append(r.Notes, fmt.Sprintf("intervals are drawn from %d images or groups only, too few to rely on", r.Units))
	}
	differences := map[contrast][]*Difference{}
	for i, c := range contrasts {
		for j, m := range comparedMetrics {
			d := &Difference{Mean: metrics.Number(of(actual, c.row).less(of(actual, c.reference), m))}
			d.Interval = [2]metrics.Number{metrics.Number(math.NaN()), metrics.Number(math.NaN())}
			if r.Units >= 2 {
				d.Interval = metrics.Interval(drawn[i*len(comparedMetrics)+j])
			}
			differences[c] = append(differences[c], d)
		}
	}

	for rule, decision := range comparedRules {
		first := len(r.Rows)
		for i, text := range run.Names {
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

// markBest marks the best mean of each figure among rows of one rule, where it is surely better than cross-entropy's.
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
