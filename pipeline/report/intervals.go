package report

import (
	"fmt"

	"finetune/pipeline/metrics"
)

// Calibrated is what was fitted after training, to images that the head wasn't trained on.
type Calibrated struct {
	On string `json:"on"` // names those images: "the 450 validation images"
	// Temperature divides the logits; 0: none was fitted. Before are the metrics of the held-out images without it.
	Temperature float64      `json:"temperature"`
	Before      *Probability `json:"before,omitempty"`
	// Expected is the 95 % range of the coverage for exchangeable images; nil if unknown.
	Expected *[2]float64 `json:"expected,omitempty"`
	// Rules are the decision rules with their metrics on those images. Metric names the metric that chose the rule;
	// "": the rule was given.
	Rules  []DecisionRule `json:"rules"`
	Metric string         `json:"metric"`
}

// Probability holds the metrics of predicted probabilities.
type Probability struct {
	NLL         metrics.Number `json:"nll"`
	ECE         metrics.Number `json:"ece"`
	Reliability []metrics.Bin  `json:"reliability"`
}

// A DecisionRule is a decision rule with its metrics.
type DecisionRule struct {
	Name    string          `json:"name"`
	Taken   bool            `json:"taken"` // the head uses it
	Figures metrics.Figures `json:"figures"`
}

// An intervalView is the input of intervals.tmpl.
type intervalView struct {
	Target, Coverage, Interval, Width string
	Verdict                           string // a sentence
	Expected                          string // "" if unknown
	Rows                              []intervalRow
	AnyFew                            bool
	Widths                            *widthChart
}

// An intervalRow is one class.
type intervalRow struct {
	Class, Coverage, Interval, Width string
	Images                           int
	Few                              bool
	Strip                            *strip
}

// newIntervalView returns nil without prediction intervals.
func newIntervalView(d *Data) *intervalView {
	s := d.Metrics.Sets
	if s == nil {
		return nil
	}
	target := metrics.Number(s.TargetCoverage)
	r := &intervalView{Target: percent.number(target), Coverage: percent.number(s.Coverage),
		Interval: percent.interval(s.Interval),
		Width:    round(s.Width), Verdict: coverageVerdict(s), Widths: newWidthChart(s)}
	if c := d.Calibrated; c != nil && c.Expected != nil {
		r.Expected = percent.interval([2]metrics.Number{metrics.Number(c.Expected[0]), metrics.Number(c.Expected[1])})
	}
	for _, c := range s.PerClass {
		row := intervalRow{Class: c.Class, Images: c.N, Coverage: percent.number(c.Coverage),
			Interval: percent.interval(c.Interval), Width: round(c.Width), Few: c.N < fewImages}
		if c.Coverage.Defined() {
			row.Strip = newStrip(percent, float64(c.Coverage), c.Interval, target)
		}
		r.Rows, r.AnyFew = append(r.Rows, row), r.AnyFew || row.Few
	}
	return r
}

// coverageVerdict compares the coverage with its target.
func coverageVerdict(s *metrics.Sets) string {
	target := metrics.Number(s.TargetCoverage)
	switch {
	case !s.Interval[0].Defined():
		return "There are too few independent images to compare that with the target."
	case s.Interval[1] < target:
		return "That is significantly below the target: these images differ from those used for calibration."
	case s.Interval[0] > target:
		return "That is significantly above the target: the intervals are wider than necessary."
	}
	return "That agrees with the target."
}

// undercovered names the classes whose coverage is significantly below the target; "" if there are none.
func undercovered(s *metrics.Sets) string {
	var names []string
	for _, c := range s.PerClass {
		if c.N >= fewImages && c.Interval[1] < metrics.Number(s.TargetCoverage) {
			names = append(names, fmt.Sprintf("%s (%s)", quoted(c.Class), percent.number(c.Coverage)))
		}
	}
	return enumerate(names)
}

// A widthChart is a histogram of the widths of prediction intervals.
type widthChart struct {
	Width, Height, Base int
	Bars                []bar
	Labels, Counts      []tick // below and above the bars; a count has the y of its bar
	Name                string
}

// newWidthChart draws a bar for each width up to the largest.
func newWidthChart(s *metrics.Sets) *widthChart {
	widest, largest, all := 1, 1, 0
	for i, n := range s.Widths {
		all += n
		if n > 0 {
			widest = i + 1
		}
		largest = max(largest, n)
	}
	const maxLabelled = 16 // bars with room for numbers
	c := &widthChart{Width: chartWidth, Height: chartHeight, Base: chartHeight - chartBottom,
		Name: "Images by width of the prediction interval"}
	step := float64(chartWidth-2*chartRight) / float64(widest)
	bottom, height := float64(c.Base), float64(c.Base-chartTop-14)
	for i, n := range s.Widths[:widest] {
		h, x := height*float64(n)/float64(largest), chartRight+step*float64(i)
		c.Bars = append(c.Bars, bar{px(x + step*.1), px(bottom - h), px(step * .8), px(h),
			fmt.Sprintf("width of %s: %s (%s)", count(i+1, "class"), count(n, "image"),
				share(float64(n)/float64(all)))})
		middle := px(x + step/2)
		if widest <= maxLabelled || (i+1)%10 == 0 {
			c.Labels = append(c.Labels, tick{middle, fmt.Sprint(i + 1)})
		}
		if widest <= maxLabelled {
			c.Counts = append(c.Counts, tick{middle, fmt.Sprint(n)})
		}
	}
	return c
}

// temperatureEffect describes the effect of the temperature; "" without one.
func temperatureEffect(d *Data) string {
	c := d.Calibrated
	if c == nil || c.Before == nil {
		return ""
	}
	effect := "doesn't change the confidence"
	switch {
	case c.Temperature > 1:
		effect = "lowers the confidence"
	case c.Temperature < 1:
		effect = "raises the confidence"
	}
	return fmt.Sprintf("A temperature of %s, fitted to %s, %s. On the held-out images it changes the log loss (NLL) "+
		"from %v to %v and the calibration error (ECE) from %v to %v. Lower is better.",
		short(c.Temperature), c.On, effect, c.Before.NLL, d.Metrics.NLL, c.Before.ECE, d.Metrics.ECE)
}

// A ruleTable lists the decision rules with their metrics.
type ruleTable struct {
	About string
	Names []string // of the metrics
	Rows  []ruleRow
}

type ruleRow struct {
	Name, Definition string
	Taken            bool
	Cells            []string
}

// ruleDefinitions define the decision rules.
var ruleDefinitions = map[string]string{
	"argmax":         "the most probable class",
	"median":         "the class at which the cumulative probability reaches one half",
	"mean":           "the class nearest to the mean of the distribution",
	"least-distance": "the class with the least expected ground distance",
}

// newRuleTable returns nil if no rules were compared.
func newRuleTable(d *Data) *ruleTable {
	c := d.Calibrated
	if c == nil || len(c.Rules) == 0 {
		return nil
	}
	r := &ruleTable{About: fmt.Sprintf("The decision rule turns a distribution into a class. These are the metrics on "+
		"%s, because a rule must be chosen before the held-out images are used.", c.On)}
	var shown []int
	for i, m := range shownMetrics {
		switch m.key {
		case "accuracy", "one_off_accuracy", "mae", "rmse", "qwk", c.Metric:
			shown, r.Names = append(shown, i), append(r.Names, m.name)
		}
		if m.key == c.Metric {
			r.About += " The rule with the best “" + m.name + "” was chosen."
		}
	}
	for _, rule := range c.Rules {
		row := ruleRow{Name: rule.Name, Definition: ruleDefinitions[rule.Name], Taken: rule.Taken}
		for _, i := range shown {
			row.Cells = append(row.Cells, shownMetrics[i].unit.number(shownMetrics[i].of(&rule.Figures)))
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}
