package head

import (
	"math"
	"slices"

	"finetune/loss"
)

// selfGuided measures the ground distance between the classes on the input of the last layer: the raw features of a
// linear head, the hidden values otherwise. A soft target counts for its most probable class.
func (o *objective) selfGuided() ([]float64, error) {
	k := o.loss.Classes()
	centroids := loss.NewCentroids[float32](k, o.params.output.Cols)
	add := func(example int, row []float32) {
		target := o.train.Targets[example*k : (example+1)*k]
		centroids.Add(slices.Index(target, slices.Max(target)), row)
	}
	if o.params.hiddenUnits == 0 {
		for i := range o.train.Len() {
			add(i, o.train.Row(i))
		}
	} else {
		o.pass.forward(o.train, func(example int, a activations) { add(example, a.hidden) })
	}
	return centroids.GroundDistance()
}

// meanChange returns the mean absolute change of the distances between different classes.
func meanChange(before, after []float64, classes int) float64 {
	var sum float64
	for i, d := range after {
		sum += math.Abs(d - before[i])
	}
	return sum / float64(classes*(classes-1))
}
