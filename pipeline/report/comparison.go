package report

import (
	"fmt"
	"io"
	"strings"

	"finetune/pipeline/metrics"
)

// Comparison is everything that the page of a comparison shows: losses side by side, read with one rule after the other.
type Comparison struct {
	Finetune  string    `json:"finetune"`
	Source    string    `json:"source"`
	Compared  []Setting `json:"compared"`  // what was compared on what, in words
	Reference string    `json:"reference"` // the loss that the others are set against
	Rules     []Rule    `json:"rules"`
	Settings  []Section `json:"settings"`
	Files     []Setting `json:"files"`
	Notes     []string  `json:"notes"` // a sentence each, without a full stop
}

// A Rule holds the figures of every loss, read with one decision rule.
type Rule struct {
	Name   string   `json:"name"`
	Losses []Fitted `json:"losses"`
}

// A Fitted is the figures of one loss, under their names in metrics.json.
type Fitted struct {
	Loss    string   `json:"loss"`
	Figures []Scored `json:"figures"`
}

// A Scored is one figure over folds and seeds.
type Scored struct {
	Metric string         `json:"metric"`
	Mean   metrics.Number `json:"mean"`
	Std    metrics.Number `json:"std"`
	// Difference to the reference with the same rule and its 95 % interval; NaN for the reference itself.
	Difference metrics.Number    `json:"difference"`
	Interval   [2]metrics.Number `json:"interval"`
	Best       bool              `json:"best"` // of its rule, and surely better than the reference
}

// WriteComparison writes the page of a comparison. A loss without a figure that the first has is an error, and nothing is
// written then.
func WriteComparison(w io.Writer, c Comparison) error {
	if len(c.Rules) == 0 || len(c.Rules[0].Losses) == 0 {
		return fmt.Errorf("report: nothing was compared")
	}
	first := c.Rules[0].Losses[0].Figures
	for _, r := range c.Rules {
		for _, l := range r.Losses {
			if len(l.Figures) != len(first) {
				return fmt.Errorf("report: %d figures of %s beside %d", len(l.Figures), l.Loss, len(first))
			}
		}
	}
	return put(w, "comparison.tmpl", newComparisonView(&c))
}

// A comparisonView is the page in words and shapes.
type comparisonView struct {
	*Comparison
	Summary []remark
	Names   []string // of the figures
	Tables  []ruleTable
}

// Kind is what the page is.
func (*comparisonView) Kind() string { return "comparison" }

type ruleTable struct {
	Name string
	Rows []ruleRow
}

type ruleRow struct {
	Loss      string
	Reference bool
	Cells     []ruleCell
}

// A ruleCell is one figure of one loss.
type ruleCell struct {
	Value, Difference, Verdict string
	Best                       bool
	Strip                      *strip
}

func newComparisonView(c *Comparison) *comparisonView {
	v := &comparisonView{Comparison: c, Summary: c.summary()}
	for _, s := range c.Rules[0].Losses[0].Figures {
		name, _, _ := known(s.Metric)
		v.Names = append(v.Names, name)
	}
	for _, r := range c.Rules {
		t := ruleTable{Name: r.Name}
		for _, l := range r.Losses {
			row := ruleRow{Loss: l.Loss, Reference: l.Loss == c.Reference}
			for _, s := range l.Figures {
				row.Cells = append(row.Cells, s.cell(r.widest(s.Metric)))
			}
			t.Rows = append(t.Rows, row)
		}
		v.Tables = append(v.Tables, t)
	}
	return v
}

// known returns how a figure is called, whether more of it is better, and how it is written.
func known(metric string) (name string, higher bool, u unit) {
	for _, m := range measured {
		if m.key == metric {
			return m.name, m.higher, m.unit
		}
	}
	return metric, false, plain
}

// widest is how far the intervals of one figure reach from zero, so that all of a rule are drawn to one scale.
func (r *Rule) widest(metric string) float64 {
	widest := 0.0
	for _, l := range r.Losses {
		for _, s := range l.Figures {
			if s.Metric == metric && s.Interval[0].Defined() && s.Interval[1].Defined() {
				widest = max(widest, -float64(s.Interval[0]), float64(s.Interval[1]))
			}
		}
	}
	return widest
}

func (s Scored) cell(widest float64) ruleCell {
	_, higher, u := known(s.Metric)
	c := ruleCell{Value: u.number(s.Mean), Best: s.Best}
	if s.Std.Defined() {
		c.Value = strings.TrimSuffix(c.Value, nbsp+"%") + nbsp + "±" + nbsp + u.number(s.Std)
	}
	if !s.Difference.Defined() || !s.Interval[0].Defined() || !s.Interval[1].Defined() {
		return c
	}
	c.Difference = u.signed(s.Difference)
	if c.Verdict = verdict(s.Interval, 0, higher); c.Verdict == notSure {
		c.Verdict = "not sure"
	}
	c.Strip = newDifferenceStrip(s, widest, fmt.Sprintf("difference %s, 95 %% interval %s to %s", c.Difference, u.signed(s.Interval[0]), u.signed(s.Interval[1])))
	return c
}

// signed writes a difference with its sign. That of two shares is in points, not in percent of either.
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

// newDifferenceStrip draws a difference around zero in the middle.
func newDifferenceStrip(s Scored, widest float64, title string) *strip {
	const width = 110
	if widest == 0 {
		widest = 1
	}
	x := func(v metrics.Number) string {
		return px(width/2 + (width/2-stripMargin)*float64(v)/widest)
	}
	return &strip{Width: width, Height: stripHeight, Middle: stripHeight / 2, Title: title, Baseline: px(width / 2),
		Value: x(s.Difference), Low: x(s.Interval[0]), High: x(s.Interval[1]), From: px(stripMargin), To: px(width - stripMargin)}
}

// summary says for each rule what the images bear out.
func (c *Comparison) summary() []remark {
	var out []remark
	for _, r := range c.Rules {
		var best []string
		for i, s := range r.Losses[0].Figures {
			name, _, u := known(s.Metric)
			for _, l := range r.Losses {
				if f := l.Figures[i]; f.Best {
					best = append(best, fmt.Sprintf("%s: %s, %s (%s)", strings.ToLower(name), l.Loss, u.number(f.Mean), u.signed(f.Difference)))
				}
			}
		}
		text := "No loss is surely better than " + c.Reference + " in any figure."
		if len(best) > 0 {
			text = "Best, and surely better than " + c.Reference + " by the difference in brackets. In " + strings.Join(best, "; ") + "."
		}
		out = append(out, remark{"Answer by " + r.Name, text})
	}
	return out
}
