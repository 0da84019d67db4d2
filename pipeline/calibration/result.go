package calibration

import (
	"fmt"

	"finetune/head"
	"finetune/pipeline/metrics"
)

// A Result is what [Fit] fitted to a trained head, and what that changed.
type Result struct {
	Images      int                `json:"images"`                // that it was fitted to
	Temperature *TemperatureResult `json:"temperature,omitempty"` // nil where none was asked for
	Metric      string             `json:"metric,omitempty"`      // that the decision rule was chosen by; "" where it was given
	Rules       []RuleFigures      `json:"decisions"`             // on the images that it was fitted to, after the temperature
	Sets        *head.Sets         `json:"sets,omitempty"`        // nil where none were asked for
	// Expected is the 95 % interval of the held-out coverage if all images are exchangeable, given how many there are to calibrate
	// and to measure; nil with groups or without sets.
	Expected *[2]float64 `json:"expected_coverage,omitempty"`
	Notes    []string    `json:"notes,omitempty"`
}

// Note adds a formatted note.
func (r *Result) Note(format string, values ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, values...))
}

// A TemperatureResult is what logits are divided by, and what that does to the probabilities.
type TemperatureResult struct {
	Value   float64     `json:"value"`
	Fitted  BeforeAfter `json:"fitted"`   // on the images that it was fitted to
	HeldOut BeforeAfter `json:"held_out"` // on those that the figures of the run are of
}

// BeforeAfter has the figures at temperature 1 and at the fitted one.
type BeforeAfter struct {
	Before ProbabilityFigures `json:"before"`
	After  ProbabilityFigures `json:"after"`
}

// ProbabilityFigures are the figures of distributions that don't depend on the decision rule. See metrics.Figures.
type ProbabilityFigures struct {
	NLL         metrics.Number `json:"nll"`
	Brier       metrics.Number `json:"brier"`
	RPS         metrics.Number `json:"rps"`
	ECE         metrics.Number `json:"ece"`
	Reliability []metrics.Bin  `json:"reliability"`
}

// ProbabilityFiguresOf takes them from a report.
func ProbabilityFiguresOf(r *metrics.Report) ProbabilityFigures {
	return ProbabilityFigures{NLL: r.NLL, Brier: r.Brier, RPS: r.RPS, ECE: r.ECE, Reliability: r.Reliability}
}

// RuleFigures are the figures of one decision rule.
type RuleFigures struct {
	Decision head.Decision   `json:"decision"`
	Taken    bool            `json:"taken"` // the head uses it
	Figures  metrics.Figures `json:"figures"`
}
