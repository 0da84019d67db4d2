package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"finetune/head"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/calibration"
	"finetune/pipeline/metrics"
)

// Calibration is what was fitted to a trained head, and what came of it.
type Calibration struct {
	Images      int           `json:"images"`                // that it was fitted to
	Temperature *Temperature  `json:"temperature,omitempty"` // nil where none was asked for
	Metric      string        `json:"metric,omitempty"`      // that the rule was chosen by; "" where it was given
	Rules       []RuleFigures `json:"decisions"`             // on the images that it was fitted to, after the temperature
	Sets        *head.Sets    `json:"sets,omitempty"`        // nil where none were asked for
	// Expected is the range that the held-out coverage falls in 95 times of 100 if all images are of one kind and independent,
	// given how many there are to calibrate and to measure; nil with groups or without sets.
	Expected *[2]float64 `json:"expected_coverage,omitempty"`
	Notes    []string    `json:"notes,omitempty"`
}

func (c *Calibration) note(format string, values ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, values...))
}

// A Temperature is what logits are divided by, and what that does to the probabilities.
type Temperature struct {
	Value   float64     `json:"value"`
	Fitted  BeforeAfter `json:"fitted"`   // on the images that it was fitted to
	HeldOut BeforeAfter `json:"held_out"` // on those that the figures of the run are of
}

// BeforeAfter sets probabilities at temperature 1 beside those at the fitted one.
type BeforeAfter struct {
	Before ProbabilityFigures `json:"before"`
	After  ProbabilityFigures `json:"after"`
}

// ProbabilityFigures are the figures of distributions, whatever rule makes classes of them. See metrics.Figures.
type ProbabilityFigures struct {
	NLL         metrics.Number `json:"nll"`
	Brier       metrics.Number `json:"brier"`
	RPS         metrics.Number `json:"rps"`
	ECE         metrics.Number `json:"ece"`
	Reliability []metrics.Bin  `json:"reliability"`
}

// RuleFigures are the figures of one decision rule.
type RuleFigures struct {
	Decision head.Decision   `json:"decision"`
	Taken    bool            `json:"taken"` // by the head
	Figures  metrics.Figures `json:"figures"`
}

func (p *predictions) probabilityFigures(space label.Space) (ProbabilityFigures, error) {
	in := p.input(space)
	in.Resamples = -1
	r, err := metrics.Evaluate(in)
	return probabilityFigures(&r), err
}

func probabilityFigures(r *metrics.Report) ProbabilityFigures {
	return ProbabilityFigures{NLL: r.NLL, Brier: r.Brier, RPS: r.RPS, ECE: r.ECE, Reliability: r.Reliability}
}

// temperature fits one to the labels or votes of the items.
func (p *predictions) temperature(d head.Description) (float64, error) {
	l, err := loss.New[float64](d.Loss)
	if err != nil {
		return 0, err
	}
	var logits []float32
	row, z := make([]float64, l.Classes()), make([]float64, l.Outputs())
	for i := range p.items {
		for k, v := range p.row(i) {
			row[k] = max(float64(v), math.SmallestNonzeroFloat32) // as head.Temper does
		}
		l.Logits(row, z)
		for _, v := range z {
			logits = append(logits, float32(v))
		}
	}
	in := p.input(d.Space)
	targets := in.Targets
	if targets == nil {
		k := d.Space.Len()
		targets = make([]float64, len(in.Labels)*k)
		for i, y := range in.Labels {
			targets[i*k+y] = 1
		}
	}
	return calibration.Temperature(calibration.Logits{Values: logits, Outputs: l.Outputs(), Targets: targets, Classes: l.Classes(), Rule: l.Probabilities})
}

// fitted returns predictions that a head without a temperature made as h makes them: with its temperature, rule and sets.
func (p *predictions) fitted(h *head.Head) *predictions {
	out := *p
	out.probs = slices.Clone(p.probs)
	for i := range p.items {
		h.Temper(out.row(i))
	}
	out.decide(h)
	return &out
}

// scores are those of the labels in the growth of ranges.
func (p *predictions) scores() []float64 {
	scores := make([]float64, len(p.items))
	for i, item := range p.items {
		scores[i] = calibration.Score(p.row(i), p.classes[i], item.Label)
	}
	return scores
}

// crossRanges makes the range of each item anew by what the other folds alone say, so that coverage is measured on items that had no
// part in it. Folds are those of the first repeat.
func (p *predictions) crossRanges() error {
	if p.low == nil {
		return nil
	}
	scores, groups := p.scores(), groupsOf(p.items)
	fold := func(i int) int { return p.foldsOf(i)[0] }
	thresholds := map[int]float64{}
	for i := range p.items {
		if _, done := thresholds[fold(i)]; !done {
			var others []float64
			var theirs []string
			for j, s := range scores {
				if fold(j) == fold(i) {
					continue
				}
				others = append(others, s)
				if groups != nil {
					theirs = append(theirs, groups[j])
				}
			}
			t, _, err := calibration.Threshold(others, theirs, p.coverage)
			if err != nil {
				return err
			}
			thresholds[fold(i)] = t
		}
		p.low[i], p.high[i] = calibration.Interval(p.row(i), p.classes[i], thresholds[fold(i)])
	}
	return nil
}

// decide takes a class of each distribution by the rule of a head, and the range around it where the head has one.
func (p *predictions) decide(h *head.Head) {
	p.classes, p.low, p.high = make([]int, len(p.items)), nil, nil
	sets := h.Description().Sets
	p.coverage = sets.Coverage
	if p.coverage > 0 {
		p.low, p.high = make([]int, len(p.items)), make([]int, len(p.items))
	}
	for i := range p.items {
		p.classes[i] = h.Decide(p.row(i))
		if p.low != nil {
			p.low[i], p.high[i] = calibration.Interval(p.row(i), p.classes[i], sets.Threshold)
		}
	}
}

// listed joins names for people.
func listed(names []string) string {
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
