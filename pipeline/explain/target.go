package explain

import (
	"fmt"
	"math"

	"finetune/head"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
)

// The kinds of targets.
const (
	TargetClass = "class" // the score of one class relative to the others
	TargetOrder = "order" // the expected class
)

// A Target is a scalar function of the logits that an attribution explains.
type Target struct {
	kind   string // TargetClass or TargetOrder
	class  int    // of TargetClass
	value  func(logits []float64) float64
	linear bool // in the logits
}

// A TargetBuilder makes the targets for the logits of one head.
type TargetBuilder struct {
	space       label.Space
	loss        loss.Loss[float64]
	name        string // of the loss
	temperature float64
}

// NewTargetBuilder returns the builder for a head. The error is that of loss.New.
func NewTargetBuilder(h *head.Head) (*TargetBuilder, error) {
	d := h.Description()
	l, err := loss.New[float64](d.Loss)
	return &TargetBuilder{space: h.Space(), loss: l, name: d.Loss.Name, temperature: d.Temperature}, err
}

// forClass returns the target of one class. For softmax losses it is the logit of the class minus the mean of the
// other logits, since a constant added to all logits changes no probability. The losses coral and corn have no logit
// for each class, so the target is log P(y = class). The loss l2 has a single score: ok is false then.
func (b *TargetBuilder) forClass(class int) (t Target, ok bool) {
	t = Target{kind: TargetClass, class: class}
	switch {
	case b.name == loss.L2:
		return t, false
	case b.loss.Outputs() == b.space.Len():
		t.linear = true
		t.value = func(z []float64) float64 {
			var others float64
			for k, v := range z {
				if k != class {
					others += v
				}
			}
			return z[class] - others/float64(len(z)-1)
		}
	default:
		t.value = func(z []float64) float64 {
			return math.Log(max(b.probabilities(z)[class], math.SmallestNonzeroFloat32))
		}
	}
	return t, true
}

// Order returns the expected class Σ k·P(y = k) as a target; 0 is the lowest class. For the loss l2 it is the score
// itself, because the expected class is constant beyond the highest class.
func (b *TargetBuilder) Order() Target {
	if b.name == loss.L2 {
		return Target{kind: TargetOrder, linear: true, value: func(z []float64) float64 { return z[0] }}
	}
	return Target{kind: TargetOrder, value: func(z []float64) float64 { return expectedClass(b.probabilities(z)) }}
}

func (b *TargetBuilder) probabilities(z []float64) []float64 {
	scaled, p := make([]float64, len(z)), make([]float64, b.space.Len())
	for i, v := range z {
		scaled[i] = v / b.temperature
	}
	b.loss.Probabilities(scaled, p)
	return p
}

// expectedClass returns the mean of a distribution over 0 … K−1.
func expectedClass(p []float64) float64 {
	var mean float64
	for k, v := range p {
		mean += float64(k) * v
	}
	return mean
}

// targets returns the targets for one image: the predicted class, the label (-1: unknown) and an extra class (-1:
// none), each once, and the order as the last.
func (b *TargetBuilder) targets(predicted, label, extra int) []Target {
	var list []Target
	for i, class := range []int{predicted, label, extra} {
		if class < 0 || i > 0 && class == predicted || i > 1 && class == label {
			continue
		}
		if t, ok := b.forClass(class); ok {
			list = append(list, t)
		}
	}
	return append(list, b.Order())
}

// gradient returns the gradient of the target by the logits at z, by central differences. For a linear target they
// are exact except for rounding.
func (t Target) gradient(z []float64) []float64 {
	const step = 1e-4
	at, out := append([]float64(nil), z...), make([]float64, len(z))
	for k := range z {
		at[k] = z[k] + step
		up := t.value(at)
		at[k] = z[k] - step
		out[k] = (up - t.value(at)) / (2 * step)
		at[k] = z[k]
	}
	return out
}

// parseClass returns the index of the named class, -1 for "". An unknown class, and any class with the loss l2, is an
// *invalid.Error.
func (b *TargetBuilder) parseClass(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	class, ok := b.space.Index(name)
	if !ok {
		return -1, &invalid.Error{Field: "Class", Found: fmt.Sprintf("%q", name),
			Want: fmt.Sprintf("one of the run's classes: %v", b.space.Classes())}
	}
	if _, ok := b.forClass(class); !ok {
		return -1, &invalid.Error{Field: "Class", Found: fmt.Sprintf("%q with the loss %s, which has one score for "+
			"all classes", name, b.name),
			Hint: "leave it out: the map of the order shows what raises and lowers the score"}
	}
	return class, nil
}
