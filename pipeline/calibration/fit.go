package calibration

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"finetune/head"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/metrics"
)

// Options configure Fit. The zero value fits nothing.
type Options struct {
	Temperature bool `json:"temperature"` // fit a temperature
	// choose the decision rule with the best value of this metric; "": keep Head.Decision
	Metric   string  `json:"metric,omitempty"`
	Coverage float64 `json:"coverage,omitempty"` // target of prediction sets, in (0, 1); 0: no sets
}

// Coverage declares Options.Coverage.
var Coverage = invalid.Number{Field: "Calibrate.Coverage", Range: invalid.Range{High: 1, HighOpen: true}}

// Check returns an *invalid.Error for options that are out of range or don't suit the classes.
func (o Options) Check(space label.Space) error {
	if err := Coverage.Check(o.Coverage); err != nil {
		return err
	}
	if o.Metric == "" {
		return nil
	}
	switch m, ok := metrics.ByName(o.Metric); {
	case !ok || !m.Rule:
		names := metrics.RuleNames()
		return &invalid.Error{Field: "Calibrate.Metric", Found: fmt.Sprintf("%q", o.Metric),
			Want: "one of " + strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1] +
				": metrics that depend on the decision rule"}
	case o.Metric == "mae_units" && space.Values() == nil:
		return &invalid.Error{Field: "Calibrate.Metric", Found: "mae_units with classes that have no values",
			Want: "mae",
			Hint: "or give the values of the classes with {Data.Positions}"}
	}
	return nil
}

// Fit returns the head with the parameters fitted to a sample, and a description of them. It fits in the order of
// prediction: the temperature (logits to distribution), the decision rule (distribution to class), the prediction
// sets (around the class). Where a parameter can't be fitted, the Result has a note.
func Fit(o Options, h *head.Head, s Sample) (*head.Head, *Result, error) {
	out := &Result{Images: s.Len()}
	d := h.Description()
	if d.Loss.Name == loss.L2 {
		out.Note("%s predicts a single number and no distribution, so neither temperature nor prediction intervals are "+
			"fitted", d.Loss.Name)
		o.Temperature, o.Coverage = false, 0
	}
	var err error
	if o.Temperature {
		if h, s, err = out.fitTemperature(h, s); err != nil {
			return nil, nil, err
		}
		d = h.Description()
	}
	if out.Rules, d.Decision, err = o.rules(d, s); err != nil {
		return nil, nil, err
	}
	out.Metric = o.Metric
	if h, err = head.New(h.Network(), d); err != nil || o.Coverage == 0 {
		return h, out, err
	}
	classes, _, _ := Decide(h, s.Probabilities)
	d.Sets = head.Sets{Coverage: o.Coverage}
	scores := Scores(s.Probabilities, classes, s.Input.Labels)
	if d.Sets.Threshold, d.Sets.Units, err = Threshold(scores, s.Input.Groups, o.Coverage); err != nil {
		return nil, nil, err
	}
	out.Sets = &d.Sets
	if need := MinUnits(o.Coverage); d.Sets.Units < need {
		out.Note("prediction intervals contain every class: a coverage of %v needs at least %d independent images (or "+
			"groups) for calibration, and there are %d", o.Coverage, need, d.Sets.Units)
	} else if d.Sets.Threshold == 1 {
		out.Note("prediction intervals contain every class: too many labels have a probability near 0 for narrower ones to "+
			"cover %v of them", o.Coverage)
	}
	h, err = head.New(h.Network(), d)
	return h, out, err
}

// fitTemperature returns the head with a temperature, and the sample with the temperature applied.
func (r *Result) fitTemperature(h *head.Head, s Sample) (*head.Head, Sample, error) {
	d := h.Description()
	t, err := s.temperature(d)
	switch {
	case errors.Is(err, ErrNoTemperature):
		r.Note("the temperature stays 1: the %d validation images are too few, or all predicted correctly, so the "+
			"likelihood has no maximum", s.Len())
		t = 1
	case err != nil:
		return nil, s, err
	}
	before, err := s.Figures()
	if err != nil {
		return nil, s, err
	}
	d.Temperature = t
	if h, err = head.New(h.Network(), d); err != nil {
		return nil, s, err
	}
	s = s.tempered(h)
	after, err := s.Figures()
	r.Temperature = &TemperatureResult{Value: t, Fitted: BeforeAfter{before, after}}
	return h, s, err
}

// rules evaluates each decision rule and returns the chosen one: that of the description, unless o.Metric is set and
// another is better.
func (o Options) rules(d head.Description, s Sample) (list []RuleFigures, chosen head.Decision, err error) {
	metric, auto := metrics.ByName(o.Metric)
	in := s.Input
	in.Predicted, in.Resamples = make([]int, s.Len()), -1
	chosen = d.Decision
	best := metrics.Number(math.NaN())
	order := []head.Decision{d.Decision} // first, so that it wins ties
	for _, rule := range head.Decisions() {
		// otherwise it is the median
		if rule != d.Decision && (rule != head.LeastDistance || d.Loss.Ground.Matrix != nil) {
			order = append(order, rule)
		}
	}
	for _, rule := range order {
		for i := range s.Len() {
			in.Predicted[i] = rule.Decide(s.row(i), d.Loss.Ground)
		}
		measured, err := metrics.Evaluate(in)
		if err != nil {
			return nil, "", err
		}
		list = append(list, RuleFigures{Decision: rule, Figures: measured.Figures})
		if value := metric.Of; auto && metric.Better(value(&measured.Figures), best) {
			best, chosen = value(&measured.Figures), rule
		}
	}
	for i := range list {
		list[i].Taken = list[i].Decision == chosen
	}
	return list, chosen, nil
}
