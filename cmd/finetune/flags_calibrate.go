package main

import (
	"errors"

	"github.com/spf13/pflag"

	"finetune/head"
	"finetune/invalid"
	"finetune/pipeline/calibration"
)

// autoDecision is what --decision takes besides the rules.
const autoDecision = "auto"

// addCalibrationFlags binds what is fitted to images that the head wasn't trained on.
func addCalibrationFlags(f *pflag.FlagSet, c *calibration.Options) {
	f.StringVar(&c.Metric, "metric", "", "`figure` that --decision auto chooses by: mae, accuracy, qwk, … (default mae)")
	f.BoolVar(&c.Temperature, "calibrate", c.Temperature, "divide logits by a temperature fitted to the validation images, so that probabilities match frequencies")
	addNumber(f, &c.Coverage, calibration.Coverage, "coverage", "`probability` with which low to high of predict hold the true class; calibrated on the validation images; 0 for no such ranges")
}

// decide reads --decision together with --metric.
func (h *headFlags) decide(f *pflag.FlagSet, c *calibration.Options) (err error) {
	if h.decision != autoDecision {
		if f.Changed("metric") {
			return &invalid.Error{Field: "--metric", Found: "given with --decision " + h.decision, Want: "--decision auto", Hint: "leave it out, or let the rule be chosen"}
		}
		h.config.Decision, err = head.ParseDecision(h.decision)
		if wrong := (*invalid.Error)(nil); errors.As(err, &wrong) {
			wrong.Want = autoDecision + ", " + wrong.Want
		}
		return err
	}
	if c.Metric == "" {
		c.Metric = "mae"
	}
	return nil // the rule of the training stays
}
