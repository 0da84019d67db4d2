package run

import (
	"slices"

	"finetune/head"
	"finetune/pipeline/calibration"
)

// A Prediction is what a run answers for one image.
type Prediction struct {
	Predicted string `json:"predicted"` // the class that the decision rule takes
	Index     int    `json:"index"`     // of that class, the lowest being 0
	// Low and High are the first and last class of the prediction set, "" where the run has none.
	Low  string `json:"low,omitempty"`
	High string `json:"high,omitempty"`
	// Expected is the mean of the classes' values under the distribution, in the units of the labels; of their positions
	// or indices where they have no values.
	Expected      float64   `json:"expected"`
	Confidence    float32   `json:"confidence"`    // probability of the predicted class
	Probabilities []float32 `json:"probabilities"` // of each class, lowest first
}

// NewPrediction applies a head's decision rule and prediction sets to a distribution over its classes, which it copies.
func NewPrediction(h *head.Head, probs []float32) Prediction {
	d := h.Description()
	class := h.Decide(probs)
	p := Prediction{
		Predicted: d.Space.Class(class), Index: class,
		Confidence: probs[class], Probabilities: slices.Clone(probs),
	}
	if d.Sets.Coverage > 0 {
		low, high := calibration.Interval(probs, class, d.Sets.Threshold)
		p.Low, p.High = d.Space.Class(low), d.Space.Class(high)
	}
	values := d.Space.Values()
	if values == nil {
		values = d.Loss.Ground.Positions
	}
	for k, q := range probs {
		value := float64(k)
		if values != nil {
			value = values[k]
		}
		p.Expected += value * float64(q)
	}
	return p
}
