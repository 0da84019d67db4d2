package calibration

import (
	"fmt"

	"finetune/head"
	"finetune/pipeline/metrics"
)

// A Result describes what [Fit] fitted and its effect.
type Result struct {
	Images      int                `json:"images"`                // in the sample
	Temperature *TemperatureResult `json:"temperature,omitempty"` // nil if not requested
	// that chose the decision rule; "" if the rule was given
	Metric string        `json:"metric,omitempty"`
	Rules  []RuleFigures `json:"decisions"`      // on the sample, with the temperature
	Sets   *head.Sets    `json:"sets,omitempty"` // nil if not requested
	// Expected is the 95 % range of the held-out coverage for exchangeable images, see [Expected]; nil with groups or
	// without sets.
	Expected *[2]float64 `json:"expected_coverage,omitempty"`
	Notes    []string    `json:"notes,omitempty"`
}

// Note adds a formatted note.
func (r *Result) Note(format string, values ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, values...))
}

// A TemperatureResult is a temperature and its effect on the metrics of probabilities.
type TemperatureResult struct {
	Value   float64     `json:"value"`
	Fitted  BeforeAfter `json:"fitted"`   // on the sample
	HeldOut BeforeAfter `json:"held_out"` // on the held-out images
}

// BeforeAfter holds the metrics with temperature 1 and with the fitted temperature.
type BeforeAfter struct {
	Before ProbabilityFigures `json:"before"`
	After  ProbabilityFigures `json:"after"`
}

// ProbabilityFigures are the fields of metrics.Report that don't depend on the decision rule.
type ProbabilityFigures struct {
	NLL         metrics.Number `json:"nll"`
	Brier       metrics.Number `json:"brier"`
	RPS         metrics.Number `json:"rps"`
	ECE         metrics.Number `json:"ece"`
	Reliability []metrics.Bin  `json:"reliability"`
}

// ProbabilityFiguresOf copies the fields from a report.
func ProbabilityFiguresOf(r *metrics.Report) ProbabilityFigures {
	return ProbabilityFigures{NLL: r.NLL, Brier: r.Brier, RPS: r.RPS, ECE: r.ECE, Reliability: r.Reliability}
}

// RuleFigures are the metrics of one decision rule.
type RuleFigures struct {
	Decision head.Decision   `json:"decision"`
	Taken    bool            `json:"taken"` // the head uses it
	Figures  metrics.Figures `json:"figures"`
}
