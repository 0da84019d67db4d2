package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"finetune/head"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/calibration"
	"finetune/pipeline/metrics"
)

// Calibrate says what is fitted to a trained head by images that it wasn't trained on: those of the validation part or, in a
// cross-validation, what the folds said of what they held out. The zero value fits nothing.
type Calibrate struct {
	Temperature bool    `json:"temperature"`        // divide logits by the temperature of least NLL
	Metric      string  `json:"metric,omitempty"`   // take the decision rule that this figure is best with; "": Head.Decision stays
	Coverage    float64 `json:"coverage,omitempty"` // of prediction sets, in (0, 1); 0: none
}

// check reports what can't be meant, for classes as they are.
func (c Calibrate) check(space label.Space) error {
	if c.Coverage != 0 && !(c.Coverage > 0 && c.Coverage < 1) {
		return &invalid.Error{Field: "--coverage", Found: fmt.Sprint(c.Coverage), Want: "a number between 0 and 1, such as 0.9, or 0 for no prediction sets"}
	}
	if c.Metric == "" {
		return nil
	}
	switch m, ok := metrics.ByName(c.Metric); {
	case !ok || !m.Rule:
		return &invalid.Error{Field: "--metric", Found: fmt.Sprintf("%q", c.Metric), Want: "one of " + listed(metrics.RuleNames()) + ": figures that depend on the decision rule"}
	case c.Metric == "mae_units" && space.Values() == nil:
		return &invalid.Error{Field: "--metric", Found: "mae_units with classes that have no values", Want: "mae", Hint: "or say with --positions where the classes lie"}
	}
	return nil
}

// calibrate fits what was asked for and puts it into the head.
func (r *trainRun) calibrate(context.Context) (err error) {
	if r.Calibrate == (Calibrate{}) {
		return nil
	}
	said := r.outOfFold
	if len(r.plan.parts.Val) > 0 {
		if said, err = r.predict(r.plan.parts.Val); err != nil {
			return err
		}
	}
	if said == nil {
		if r.Calibrate.Metric != "" {
			return &invalid.Error{Field: "--decision auto", Found: "no validation images to choose by", Hint: "give --val-split or --folds, or name a rule"}
		}
		r.note("no validation images, so nothing is calibrated: probabilities stay as they are, and there are no prediction sets")
		return nil
	}
	if r.before = r.outOfFold; r.plan.heldOut != heldOutFolds {
		if r.before, err = r.predict(r.plan.measured()); err != nil {
			return err
		}
	}
	r.result.Head, r.result.Calibration, err = r.Calibrate.fit(r.result.Head, said)
	if err == nil {
		r.noteFlattered(r.result.Calibration)
	}
	return err
}

// noteFlattered says what was fitted to the very images that the figures are of. In a cross-validation ranges aren't: those of each
// fold come from the other folds.
func (r *trainRun) noteFlattered(c *Calibration) {
	var fitted []string
	if c.Temperature != nil {
		fitted = append(fitted, "the temperature")
	}
	if c.Metric != "" {
		fitted = append(fitted, "the decision rule")
	}
	if c.Sets != nil && r.plan.heldOut == heldOutVal {
		fitted = append(fitted, "the ranges")
	}
	if r.plan.heldOut != heldOutTest && fitted != nil {
		c.note("there is no test part, and the images that the figures are of have decided on %s too, which flatters them; --test-split holds others out", strings.Join(fitted, " and "))
	}
}

// weighCalibration says what the calibration did to the images that the figures are of.
func (r *trainRun) weighCalibration() error {
	c := r.result.Calibration
	if t := c.Temperature; t != nil {
		var err error
		if t.HeldOut.Before, err = r.before.probabilityFigures(r.table.set.Space); err != nil {
			return err
		}
		t.HeldOut.After = probabilityFigures(&r.result.Metrics)
	}
	// Elsewhere images were calibrated on that are measured, or they aren't independent.
	if s := c.Sets; s != nil && r.plan.heldOut == heldOutTest && groupsOf(r.said.items) == nil {
		low, high := calibration.Expected(s.Units, len(r.said.items), s.Coverage)
		c.Expected = &[2]float64{low, high}
	}
	return nil
}

func (r *trainRun) note(text string) { r.result.Notes = append(r.result.Notes, text) }

// fit returns the head with what was fitted, and what that is. Said are the distributions of the head as it is, without a
// temperature; their items are independent but for their groups. All things are fitted in the order in which a prediction passes
// them: the temperature makes a distribution of logits, the rule a class of that, and from there the set grows.
func (c Calibrate) fit(h *head.Head, said *predictions) (*head.Head, *Calibration, error) {
	out := &Calibration{Images: len(said.items)}
	d := h.Description()
	if d.Loss.Name == loss.L2 {
		out.note("%s says one number and not how sure it is, so there is nothing to calibrate: no temperature and no prediction sets", d.Loss.Name)
		c.Temperature, c.Coverage = false, 0
	}
	if c.Temperature {
		t, err := said.temperature(d)
		switch {
		case errors.Is(err, calibration.ErrNoTemperature):
			out.note("the temperature stays 1: the %d validation images are too few, or too easy, to say how sure is sure enough", len(said.items))
			t = 1
		case err != nil:
			return nil, nil, err
		}
		before, err := said.probabilityFigures(d.Space)
		if err != nil {
			return nil, nil, err
		}
		d.Temperature = t
		if h, err = head.New(h.Network(), d); err != nil {
			return nil, nil, err
		}
		said = said.fitted(h)
		after, err := said.probabilityFigures(d.Space)
		if err != nil {
			return nil, nil, err
		}
		out.Temperature = &Temperature{Value: t, Fitted: BeforeAfter{before, after}}
	}
	var err error
	if out.Rules, d.Decision, err = c.rules(d, said); err != nil {
		return nil, nil, err
	}
	out.Metric = c.Metric
	if h, err = head.New(h.Network(), d); err != nil || c.Coverage == 0 {
		return h, out, err
	}
	said.decide(h)
	d.Sets = head.Sets{Coverage: c.Coverage}
	if d.Sets.Threshold, d.Sets.Units, err = calibration.Threshold(said.scores(), groupsOf(said.items), c.Coverage); err != nil {
		return nil, nil, err
	}
	out.Sets = &d.Sets
	if need := calibration.FewestUnits(c.Coverage); d.Sets.Units < need {
		out.note("prediction sets hold every class: a coverage of %v takes at least %d independent images (or groups) to calibrate, and there are %d", c.Coverage, need, d.Sets.Units)
	} else if d.Sets.Threshold == 1 {
		out.note("prediction sets hold every class: too many true classes have next to no probability for anything less to cover %v of them", c.Coverage)
	}
	h, err = head.New(h.Network(), d)
	return h, out, err
}

// rules measures each decision rule and names the one to take: that of the description, unless another is to be chosen and is better.
func (c Calibrate) rules(d head.Description, said *predictions) (list []RuleFigures, chosen head.Decision, err error) {
	metric, auto := metrics.ByName(c.Metric)
	in := said.input(d.Space)
	in.Predicted, in.Resamples = make([]int, len(said.items)), -1
	chosen = d.Decision
	best := metrics.Number(math.NaN())
	order := []head.Decision{d.Decision} // the first, so that it wins ties
	for _, rule := range head.Decisions() {
		if rule != d.Decision && (rule != head.LeastDistance || d.Loss.Ground.Matrix != nil) { // otherwise it is the median
			order = append(order, rule)
		}
	}
	for _, rule := range order {
		for i := range said.items {
			in.Predicted[i] = rule.Decide(said.row(i), d.Loss.Ground)
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
