package train

import (
	"context"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/calibration"
	"finetune/pipeline/crossval"
)

// calibrate fits what was asked for and puts it into the head.
func (r *session) calibrate(context.Context) (err error) {
	if r.Calibrate == (calibration.Options{}) {
		return nil
	}
	said := r.outOfFold
	if len(r.plan.parts.Val) > 0 {
		if said, err = r.predictVal(); err != nil {
			return err
		}
	}
	if said == nil {
		if r.Calibrate.Metric != "" {
			return &invalid.Error{Field: "Head.Decision", Found: "auto with no validation images to choose by", Hint: "give {Split.Val} or {Folds}, or name a rule"}
		}
		r.note("no validation images, so nothing is calibrated: probabilities stay as they are, and there are no prediction intervals")
		return nil
	}
	if r.before = r.outOfFold; !r.plan.outOfFold() {
		if r.before, err = r.predictMeasured(); err != nil {
			return err
		}
	}
	r.result.Head, r.result.Calibration, err = calibration.Fit(r.Calibrate, r.result.Head, said.Sample(r.table.Set.Space))
	if err == nil {
		r.noteFlattered(r.result.Calibration)
	}
	return err
}

// noteFlattered says what was fitted to the very images that the figures are of. In a cross-validation ranges aren't: those of each
// fold come from the other folds.
func (r *session) noteFlattered(c *calibration.Result) {
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
		c.Note("there is no test part, and the images that the figures are of were also used to choose %s, so the figures are optimistic; a test part avoids this", strings.Join(fitted, " and "))
	}
}

// weighCalibration says what the calibration did to the images that the figures are of.
func (r *session) weighCalibration() error {
	c := r.result.Calibration
	if t := c.Temperature; t != nil {
		var err error
		if t.HeldOut.Before, err = r.before.Sample(r.table.Set.Space).Figures(); err != nil {
			return err
		}
		t.HeldOut.After = calibration.ProbabilityFiguresOf(&r.result.Metrics)
	}
	// Elsewhere images were calibrated on that are measured, or they aren't independent.
	if s := c.Sets; s != nil && r.plan.heldOut == heldOutTest && crossval.Groups(r.said.Items) == nil {
		low, high := calibration.Expected(s.Units, len(r.said.Items), s.Coverage)
		c.Expected = &[2]float64{low, high}
	}
	return nil
}

func (r *session) note(text string) { r.result.Notes = append(r.result.Notes, text) }
