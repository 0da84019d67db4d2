package head

import (
	"fmt"
	"math"
	"slices"

	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
)

// An Origin says where a head's features come from, so that it is used on no others. The package reads nothing
// into the strings.
type Origin struct {
	Backbone      string // digest of the network's file
	Tap           string // the tensor that the features are
	Preprocessing string // how images became its input
	Views         string // which views of an image a prediction is the mean of; "" for the image alone
}

// A Description is all that a head is besides its weights.
type Description struct {
	Space       label.Space // the classes
	Loss        loss.Config // what it was trained with; it says how logits become probabilities
	Decision    Decision    // "": argmax
	Temperature float64     // logits are divided by it; 0: 1
	Sets        Sets        // how predictions become ranges of classes; the zero value: they don't
	Origin      Origin
}

// Sets are what was calibrated for prediction sets, ranges of classes that hold the true one with a known
// probability. The package keeps the numbers; what they mean for a distribution is up to who calibrated.
type Sets struct {
	Coverage  float64 `json:"coverage"`  // the probability, in (0, 1)
	Threshold float64 `json:"threshold"` // the score that no class of a range exceeds, from 0 to 1
	Units     int     `json:"units"`     // independent images, or groups of them, that it was taken from
}

// check reports numbers out of range.
func (s Sets) check() error {
	if s != (Sets{}) && !(s.Coverage > 0 && s.Coverage < 1 && s.Threshold >= 0 && s.Threshold <= 1 && s.Units >= 0) {
		return fmt.Errorf("head: prediction sets of coverage %v with threshold %v from %d units", s.Coverage, s.Threshold, s.Units)
	}
	return nil
}

// A Head is a trained network with everything needed to predict from raw features. It doesn't change and may be
// used from several goroutines.
type Head struct {
	network Network
	about   Description
	loss    loss.Loss[float32]
}

// New makes a head of a network on raw features. It copies what it is given. The error says which parts don't fit
// each other.
func New(n Network, d Description) (*Head, error) {
	if err := n.check(); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	var err error
	if d.Decision, err = ParseDecision(string(d.Decision)); err != nil {
		return nil, err
	}
	if d.Temperature == 0 {
		d.Temperature = 1
	}
	if !(d.Temperature > 0) || math.IsInf(d.Temperature, 0) {
		return nil, &invalid.Error{Field: "Temperature", Found: fmt.Sprint(d.Temperature), Want: "a finite number above 0"}
	}
	if err := d.Sets.check(); err != nil {
		return nil, err
	}
	d.Loss = d.Loss.WithDefaults()
	d.Loss.Ground.Positions = slices.Clone(d.Loss.Ground.Positions)
	d.Loss.Ground.Matrix = slices.Clone(d.Loss.Ground.Matrix)
	l, err := loss.New[float32](d.Loss)
	if err != nil {
		return nil, err
	}
	if d.Space.Len() != l.Classes() {
		return nil, fmt.Errorf("head: %d classes, and a loss over %d", d.Space.Len(), l.Classes())
	}
	if n.Outputs() != l.Outputs() {
		return nil, fmt.Errorf("head: the network has %d outputs, the loss %s over %d classes takes %d",
			n.Outputs(), d.Loss.Name, l.Classes(), l.Outputs())
	}
	return &Head{network: n.clone(), about: d, loss: l}, nil
}

// Network returns a copy of the weights.
func (h *Head) Network() Network { return h.network.clone() }

// Description returns what the head is besides its weights. The slices in it belong to the head.
func (h *Head) Description() Description { return h.about }

// Space returns the classes.
func (h *Head) Space() label.Space { return h.about.Space }

// Inputs is the width of the features that the head takes.
func (h *Head) Inputs() int { return h.network.Inputs() }

// Outputs is the length of a logit vector.
func (h *Head) Outputs() int { return h.network.Outputs() }

// Decide returns the class that the head's rule takes for a distribution.
func (h *Head) Decide(probs []float32) int {
	return h.about.Decision.Decide(probs, h.about.Loss.Ground)
}
