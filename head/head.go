package head

import (
	"fmt"
	"math"
	"slices"

	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
)

// An Origin identifies the features of a head, so that it isn't used on others. The package doesn't interpret it.
type Origin struct {
	Backbone      string // digest of the network file
	Tap           string // tensor of the features
	Preprocessing string // of images to the network's input
	Views         string // that predictions are averaged over; "" for the image alone
}

// A Description is everything of a head but its weights.
type Description struct {
	Space       label.Space // the classes
	Loss        loss.Config // of training; determines how logits become probabilities
	Decision    Decision    // decision rule; "": argmax
	Temperature float64     // divisor of logits; 0: 1
	Sets        Sets        // calibration of prediction sets; the zero value: none
	Origin      Origin
}

// Sets are the calibration of prediction sets: ranges of classes that hold the true class with a target probability.
// The package only stores the numbers.
type Sets struct {
	Coverage  float64 `json:"coverage"`  // target probability, in (0, 1)
	Threshold float64 `json:"threshold"` // largest score of a class in a set, from 0 to 1
	Units     int     `json:"units"`     // number of independent images, or groups of them, in the calibration
}

// check reports values out of range.
func (s Sets) check() error {
	if s != (Sets{}) && !(s.Coverage > 0 && s.Coverage < 1 && s.Threshold >= 0 && s.Threshold <= 1 && s.Units >= 0) {
		return fmt.Errorf("head: prediction sets of coverage %v with threshold %v from %d units", s.Coverage, s.Threshold,
			s.Units)
	}
	return nil
}

// A Head is a trained network with everything that prediction from raw features needs. It is immutable and may be
// used from several goroutines.
type Head struct {
	network Network
	about   Description
	loss    loss.Loss[float32]
}

// New makes a head of a network on raw features. It copies its arguments. The error names the parts that don't fit
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

// Description returns the description of the head, whose slices must not be changed.
func (h *Head) Description() Description { return h.about }

// Space returns the classes.
func (h *Head) Space() label.Space { return h.about.Space }

// Inputs returns the number of features.
func (h *Head) Inputs() int { return h.network.Inputs() }

// Outputs returns the number of logits.
func (h *Head) Outputs() int { return h.network.Outputs() }

// Decide applies the head's decision rule to a distribution and returns a class.
func (h *Head) Decide(probs []float32) int {
	return h.about.Decision.Decide(probs, h.about.Loss.Ground)
}
