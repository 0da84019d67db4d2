package explain

import (
	"fmt"
	"math"

	"finetune/head"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
)

// The questions that an explanation answers.
const (
	TargetClass = "class" // what speaks for one class, next to the others
	TargetOrder = "order" // what moves the expected class up or down
)

// A question is a number that follows from a logit vector, of which an explanation shows where in the picture it comes from.
type Target struct {
	kind  string
	class int // of QuestionClass
	// value is the number. How it changes with the logits is what a map is weighted with.
	value  func(logits []float64) float64
	linear bool // in the logits
}

// An asker makes questions for the logits of one head.
type TargetBuilder struct {
	space       label.Space
	loss        loss.Loss[float64]
	name        string // of the loss
	temperature float64
}

func NewTargetBuilder(h *head.Head) (*TargetBuilder, error) {
	d := h.Description()
	l, err := loss.New[float64](d.Loss)
	return &TargetBuilder{space: h.Space(), loss: l, name: d.Loss.Name, temperature: d.Temperature}, err
}

// forClass asks what speaks for a class. Of a softmax that is its logit above the mean of the others': what all logits have in
// common changes no probability. coral and corn have no logit a class, and log P(y = class) stands for it. l2 has a single
// score, which speaks for higher or lower only: ok is false then.
func (a *TargetBuilder) forClass(class int) (q Target, ok bool) {
	q = Target{kind: TargetClass, class: class}
	switch {
	case a.name == loss.L2:
		return q, false
	case a.loss.Outputs() == a.space.Len():
		q.linear = true
		q.value = func(z []float64) float64 {
			var others float64
			for k, v := range z {
				if k != class {
					others += v
				}
			}
			return z[class] - others/float64(len(z)-1)
		}
	default:
		q.value = func(z []float64) float64 {
			return math.Log(max(a.probabilities(z)[class], math.SmallestNonzeroFloat32))
		}
	}
	return q, true
}

// order asks what moves the expected class Σ k·P(y = k), in steps from the lowest class on. Of l2 it is the score itself, in its own
// units: beyond the last class the expected one wouldn't move any more.
func (a *TargetBuilder) Order() Target {
	if a.name == loss.L2 {
		return Target{kind: TargetOrder, linear: true, value: func(z []float64) float64 { return z[0] }}
	}
	return Target{kind: TargetOrder, value: func(z []float64) float64 { return expectedClass(a.probabilities(z)) }}
}

func (a *TargetBuilder) probabilities(z []float64) []float64 {
	scaled, p := make([]float64, len(z)), make([]float64, a.space.Len())
	for i, v := range z {
		scaled[i] = v / a.temperature
	}
	a.loss.Probabilities(scaled, p)
	return p
}

// expectedClass is the mean of a distribution over 0 … K−1.
func expectedClass(p []float64) float64 {
	var mean float64
	for k, v := range p {
		mean += float64(k) * v
	}
	return mean
}

// ask returns the questions for a picture: what speaks for its predicted class, for its label (-1: unknown) and for one more that
// the user names (-1: none), each class once, and the order of the classes, which is the last.
func (a *TargetBuilder) ask(predicted, truth, more int) []Target {
	var list []Target
	for i, class := range []int{predicted, truth, more} {
		if class < 0 || i > 0 && class == predicted || i > 1 && class == truth {
			continue
		}
		if q, ok := a.forClass(class); ok {
			list = append(list, q)
		}
	}
	return append(list, a.Order())
}

// direction returns how a question's value changes with each logit at z, by central differences. Where the value is linear in
// the logits they are exact but for rounding.
func (q Target) direction(z []float64) []float64 {
	const step = 1e-4
	at, out := append([]float64(nil), z...), make([]float64, len(z))
	for k := range z {
		at[k] = z[k] + step
		up := q.value(at)
		at[k] = z[k] - step
		out[k] = (up - q.value(at)) / (2 * step)
		at[k] = z[k]
	}
	return out
}

// classNamed returns the class that the user asks about, -1 for none.
func (a *TargetBuilder) classNamed(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	class, ok := a.space.Index(name)
	if !ok {
		return -1, &invalid.Error{Field: "Class", Found: fmt.Sprintf("%q", name), Want: fmt.Sprintf("one of the run's classes: %v", a.space.Classes())}
	}
	if _, ok := a.forClass(class); !ok {
		return -1, &invalid.Error{Field: "Class", Found: fmt.Sprintf("%q for a head of %s, which has one score for all classes", name, a.name),
			Hint: "leave it out: the map of the order shows what raises and lowers the score"}
	}
	return class, nil
}
