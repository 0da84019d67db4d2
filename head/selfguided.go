package head

import (
	"math"
	"slices"

	"finetune/loss"
)

// selfGuided measures the ground distance between the classes on what enters the last layer: the raw feature of a
// linear head, the hidden values otherwise. A soft target counts for its largest class.
func (t *trainer) selfGuided() ([]float64, error) {
	k := t.pass.loss.Classes()
	dim := t.params.output.Cols
	centroids := loss.NewCentroids[float32](k, dim)
	add := func(example int, row []float32) {
		target := t.train.Targets[example*k : (example+1)*k]
		centroids.Add(slices.Index(target, slices.Max(target)), row)
	}
	if t.params.hiddenUnits == 0 {
		for i := range t.train.Len() {
			add(i, t.train.Row(i))
		}
	} else {
		t.visit(t.train, func(example, i int) { add(example, t.pass.h.Row(i)) })
	}
	return centroids.GroundDistance()
}

// moved is the mean absolute change of the distances between different classes.
func moved(before, after []float64, classes int) float64 {
	var sum float64
	for i, d := range after {
		sum += math.Abs(d - before[i])
	}
	return sum / float64(classes*(classes-1))
}
