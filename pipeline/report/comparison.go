package report

import (
	"fmt"
	"io"
	"strings"

	"finetune/pipeline/metrics"
)

// Comparison is the content of the page of a comparison: the metrics of several losses under each decision rule.
type Comparison struct {
	Finetune  string    `json:"finetune"`
	Source    string    `json:"source"`
	Compared  []Setting `json:"compared"`  // describes data, folds and network
	Reference string    `json:"reference"` // the loss that differences are relative to
	Rules     []Rule    `json:"rules"`
	Settings  []Section `json:"settings"`
	Files     []Setting `json:"files"`
	Notes     []string  `json:"notes"` // a sentence each, without a final full stop
}

// A Rule holds the metrics of every loss under one decision rule.
type Rule struct {
	Name   string        `json:"name"`
	Losses []LossMetrics `json:"losses"`
}

// LossMetrics are the metrics of one loss.
type LossMetrics struct {
	Loss    string           `json:"loss"`
	Figures []ComparedMetric `json:"figures"`
}

// A ComparedMetric is one metric of one loss over folds and seeds. Metric is its name in metrics.json.
type ComparedMetric struct {
	Metric string         `json:"metric"`
	Mean   metrics.Number `json:"mean"`
	Std    metrics.Number `json:"std"`
	// Difference to the reference under the same rule and its 95 % interval; NaN for the reference itself.
	Difference metrics.Number    `json:"difference"`
	Interval   [2]metrics.Number `json:"interval"`
	Best       bool              `json:"best"` // of its rule, and significantly better than the reference
}

// WriteComparison writes the page of a comparison. If the losses don't have the same number of metrics, it returns an
// error and writes nothing.
func WriteComparison(w io.Writer, c Comparison) error {
	if len(c.Rules) == 0 || len(c.Rules[0].Losses) == 0 {
		return fmt.Errorf("report: a comparison without losses")
	}
	first := c.Rules[0].Losses[0].Figures
	for _, r := range c.Rules {
		for _, l := range r.Losses {
			if len(l.Figures) != len(first) {
				return fmt.Errorf("report: %d metrics of %s, expected %d", len(l.Figures), l.Loss, len(first))
			}
		}
	}
	return execute(w, "comparison.tmpl", newComparisonView(&c))
}

// A comparisonView is the input of comparison.tmpl.
type comparisonView struct {
	*Comparison
	sheet
	Summary []remark
	Names   []string // of the metrics
	Tables  []comparisonTable
}

type comparisonTable struct {
	Name string
	Rows []comparisonRow
}

type comparisonRow struct {
	Loss      string
	Reference bool
	Cells     []comparisonCell
}

// A comparisonCell is one metric of one loss.
type comparisonCell struct {
	Value, Difference, Verdict string
	Best                       bool
	Strip                      *strip
}

func newComparisonView(c *Comparison) *comparisonView {
	v := &comparisonView{Comparison: c, sheet: fileSheet("comparison"), Summary: c.summary()}
	for _, s := range c.Rules[0].Losses[0].Figures {
		name, _, _ := lookUp(s.Metric)
		v.Names = append(v.Names, name)
	}
	for _, r := range c.Rules {
		t := comparisonTable{Name: r.Name}
		for _, l := range r.Losses {
			row := comparisonRow{Loss: l.Loss, Reference: l.Loss == c.Reference}
			for _, s := range l.Figures {
				row.Cells = append(row.Cells, s.cell(r.maxExtent(s.Metric)))
			}
			t.Rows = append(t.Rows, row)
		}
		v.Tables = append(v.Tables, t)
	}
	return v
}

// lookUp returns the display name of a metric, whether higher is better, and its unit.
func lookUp(metric string) (name string, higher bool, u unit) {
	for _, m := range shownMetrics {
		if m.key == metric {
			return m.name, m.higher, m.unit
		}
	}
	return metric, false, plain
}

// maxExtent returns the largest absolute bound of the intervals of one metric, the common scale of a rule's plots.
func (r *Rule) maxExtent(metric string) float64 {
	extent := 0.0
	for _, l := range r.Losses {
		for _, s := range l.Figures {
			if s.Metric == metric && s.Interval[0].Defined() && s.Interval[1].Defined() {
				extent = max(extent, -float64(s.Interval[0]), float64(s.Interval[1]))
			}
		}
	}
	return extent
}

func (s ComparedMetric) cell(extent float64) comparisonCell {
	_, higher, u := lookUp(s.Metric)
	c := comparisonCell{Value: u.number(s.Mean), Best: s.Best}
	if s.Std.Defined() {
		c.Value = strings.TrimSuffix(c.Value, nbsp+"%") + nbsp + "±" + nbsp + u.number(s.Std)
	}
	if !s.Difference.Defined() || !s.Interval[0].Defined() || !s.Interval[1].Defined() {
		return c
	}
	c.Difference = u.signed(s.Difference)
	c.Verdict = verdict(s.Interval, 0, higher)
	c.Strip = newDifferenceStrip(s, extent, fmt.Sprintf("difference %s, 95 %% interval %s to %s", c.Difference,
		u.signed(s.Interval[0]), u.signed(s.Interval[1])))
	return c
}

// signed formats a difference with its sign. The difference of two shares is in percentage points.
func (u unit) signed(v metrics.Number) string {
	s := u.number(v)
	if u == percent && v.Defined() {
		s = minus(strings.TrimSuffix(s, "%")) + "points"
	}
	if v > 0 {
		return "+" + s
	}
	return s
}

// newDifferenceStrip draws a difference with its interval; zero is in the middle.
func newDifferenceStrip(s ComparedMetric, extent float64, title string) *strip {
	const width = 110
	if extent == 0 {
		extent = 1
	}
	x := func(v metrics.Number) string {
		return px(width/2 + (width/2-stripMargin)*float64(v)/extent)
	}
	return &strip{Width: width, Height: stripHeight, Middle: stripHeight / 2, Title: title, Baseline: px(width / 2),
		Value: x(s.Difference), Low: x(s.Interval[0]), High: x(s.Interval[1]), From: px(stripMargin),
		To: px(width - stripMargin)}
}

// summary names, for each rule, the losses that are significantly better than the reference.
func (c *Comparison) summary() []remark {
	var out []remark
	for _, r := range c.Rules {
		var best []string
		for i, s := range r.Losses[0].Figures {
			name, _, u := lookUp(s.Metric)
			for _, l := range r.Losses {
				if f := l.Figures[i]; f.Best {
					best = append(best, fmt.Sprintf("%s %s for %s (%s)", strings.ToLower(name), u.number(f.Mean),
						l.Loss, u.signed(f.Difference)))
				}
			}
		}
		text := "No loss is significantly better than " + c.Reference + " in any metric."
		if len(best) > 0 {
			text = "Best and significantly better than " + c.Reference + " (difference in brackets): " +
				strings.Join(best, "; ") + "."
		}
		out = append(out, remark{"Decision rule " + r.Name, text})
	}
	return out
}
