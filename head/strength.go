package head

import (
	"math"

	"finetune/loss"
)

// Bounds of strength. Beyond them the gradient of a prediction that knows nothing says little of a trained one's.
const (
	leastStrength, mostStrength = 0.1, 10
	mostRate                    = 0.1 // a warm-up of cross-entropy bears no more
)

// strength says how strongly a loss over softmax pulls: the root mean square length of its gradients at an even prediction, one
// label as often as the other, over that of cross-entropy. Losses have scales of their own, a class step being 1 for emd2 and
// 1/(K−1) for sinkhorn, and weight decay and learning rate mean the same for all only when they follow: with those
// of cross-entropy sinkhorn on 3,000 faces is off by 0.70 classes in the mean, with its own by 0.63. Losses with other outputs count as 1.
func (c Config) strength() float64 {
	cl := c.Loss
	if c.SelfGuided {
		cl.Ground = standIn(cl.Classes)
	}
	l, err := loss.New[float64](cl)
	if err != nil || l.Outputs() != l.Classes() {
		return 1 // a loss that can't be made is reported elsewhere
	}
	k := l.Classes()
	ws := loss.NewWorkspace(l)
	logits, grad, target := make([]float64, k), make([]float64, k), make([]float64, k)
	var sum float64
	for label := range k {
		loss.OneHot(target, label)
		l.Sample(logits, target, grad, ws)
		for _, g := range grad {
			sum += g * g
		}
	}
	even := float64(k - 1) // the same sum of cross-entropy
	return min(max(math.Sqrt(sum/even), leastStrength), mostStrength)
}

// standIn are the distances that stand in for self-guided ones until there is something to measure: those of ordered classes.
func standIn(classes int) loss.GroundDistance {
	return loss.Matrix(loss.Ordered().Distances(min(max(2, classes), loss.MaxClasses)))
}
