package compare

import (
	"finetune/head"
	"finetune/invalid"
)

// tuned is the option of a loss whose weight decay is tuned in each fit, as a closed form tunes its λ.
const tuned = "tuned"

// SpecOptions lists the options of a loss in a comparison.
func SpecOptions() string { return head.SpecOptions() + ", " + tuned }

// tunedFactors are those of the weight decay that a tuned loss tries beside it.
var tunedFactors = []float64{0.1, 0.3, 3, 10}

// others are the settings that a fit of a tuned loss tries beside the given ones.
func (s lossSpec) others(c head.Config, columns, examples int) (out []head.Config) {
	if !s.tuned {
		return nil
	}
	decay := c.Resolved(columns, examples).WeightDecay
	for _, f := range tunedFactors {
		c.WeightDecay = f * decay
		out = append(out, c)
	}
	return out
}

// checkTuned reports why the penalty of a loss can't be tuned with this share for early stopping.
func (s lossSpec) checkTuned(c head.Config, val float64) error {
	switch {
	case !s.tuned:
		return nil
	case c.Resolved(1, 1).Optimizer == head.ClosedForm:
		return &invalid.Error{Field: "Losses", Found: tuned + " with a closed form", Want: "an optimizer that iterates",
			Hint: "leave it out: a closed form tunes its penalty by itself"}
	case val == 0:
		return &invalid.Error{Field: "Val", Found: "0 with a tuned loss", Want: "a share of images to tune the penalty by"}
	}
	return nil
}
