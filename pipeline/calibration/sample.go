package calibration

import (
	"math"
	"slices"

	"finetune/head"
	"finetune/loss"
	"finetune/pipeline/metrics"
)

// A Sample holds the predictions of a head without a temperature for n labelled images that it wasn't trained on.
// Images of different groups are independent.
type Sample struct {
	Probabilities []float32 // n × K
	// Logits are n × the head's outputs; nil if Probabilities are means over several rows or heads. The logits of the
	// mean are used then.
	Logits []float32
	Input  metrics.Input // labels, targets and groups, with the same probabilities
}

// Len returns n.
func (s Sample) Len() int { return len(s.Input.Labels) }

func (s Sample) row(i int) []float32 {
	k := len(s.Probabilities) / s.Len()
	return s.Probabilities[i*k : (i+1)*k]
}

// Temper returns the distributions, n × K, with the temperature of h.
func (s Sample) Temper(h *head.Head) []float32 {
	probs := slices.Clone(s.Probabilities)
	k := len(probs) / max(1, s.Len())
	for i := range s.Len() {
		row := probs[i*k : (i+1)*k]
		if outputs := h.Outputs(); s.Logits != nil {
			h.Distribution(s.Logits[i*outputs:(i+1)*outputs], row)
		} else {
			h.Temper(row)
		}
	}
	return probs
}

// tempered returns the sample with the temperature of h applied to its probabilities.
func (s Sample) tempered(h *head.Head) Sample {
	probs := s.Temper(h)
	in := s.Input
	in.Probabilities = make([]float64, len(probs))
	for i, p := range probs {
		in.Probabilities[i] = float64(p)
	}
	return Sample{Probabilities: probs, Input: in}
}

// Figures returns the metrics of the distributions.
func (s Sample) Figures() (ProbabilityFigures, error) {
	in := s.Input
	in.Resamples = -1
	r, err := metrics.Evaluate(in)
	return ProbabilityFiguresOf(&r), err
}

// temperature fits a temperature to the labels or votes.
func (s Sample) temperature(d head.Description) (float64, error) {
	l, err := loss.New[float64](d.Loss)
	if err != nil {
		return 0, err
	}
	logits := s.Logits
	if logits == nil {
		row, z := make([]float64, l.Classes()), make([]float64, l.Outputs())
		for i := range s.Len() {
			for k, v := range s.row(i) {
				row[k] = max(float64(v), math.SmallestNonzeroFloat32) // as head.Temper does
			}
			l.Logits(row, z)
			for _, v := range z {
				logits = append(logits, float32(v))
			}
		}
	}
	targets := s.Input.Targets
	if targets == nil {
		k := l.Classes()
		targets = make([]float64, s.Len()*k)
		for i, y := range s.Input.Labels {
			targets[i*k+y] = 1
		}
	}
	return FitTemperature(Logits{Values: logits, Outputs: l.Outputs(), Targets: targets, Classes: l.Classes(),
		Rule: l.Probabilities})
}

// Decide applies the decision rule of h to n distributions, n × K, and returns n classes. If h has prediction sets,
// low and high are their n first and last classes, otherwise nil.
func Decide(h *head.Head, probs []float32) (classes, low, high []int) {
	k := h.Space().Len()
	n := len(probs) / k
	sets := h.Description().Sets
	classes = make([]int, n)
	if sets.Coverage > 0 {
		low, high = make([]int, n), make([]int, n)
	}
	for i := range classes {
		row := probs[i*k : (i+1)*k]
		classes[i] = h.Decide(row)
		if low != nil {
			low[i], high[i] = Interval(row, classes[i], sets.Threshold)
		}
	}
	return classes, low, high
}

// Scores returns the [Score] of each of n labels, the input of [Threshold]. Probs are n × K, classes the predicted
// classes.
func Scores(probs []float32, classes, labels []int) []float64 {
	scores := make([]float64, len(labels))
	for i, y := range labels {
		k := len(probs) / len(labels)
		scores[i] = Score(probs[i*k:(i+1)*k], classes[i], y)
	}
	return scores
}
