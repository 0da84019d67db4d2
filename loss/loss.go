package loss

// Float is the element type of logits, targets and gradients: float32 in training, float64 for checks.
type Float interface{ float32 | float64 }

// A Loss is one loss over K ordered classes, defined per sample. It holds no state that changes, so one value
// may be used from several goroutines, each with a Workspace of its own.
type Loss[T Float] interface {
	// Classes is K, the length of a target and of a probability vector.
	Classes() int
	// Outputs is the length of a logit vector: K for softmax losses, 1 for l2, K−1 for coral and corn.
	Outputs() int
	// CheckTarget reports why a target (length K) can't be used with this loss, or nil. Sample expects
	// targets that pass.
	CheckTarget(target []T) error
	// Sample returns the loss of one sample with the given logits (length Outputs) against target
	// (length K). Where grad isn't nil (length Outputs), the gradient with respect to the logits is written to it.
	// It allocates nothing.
	Sample(logits, target, grad []T, ws *Workspace[T]) T
	// Probabilities writes P(y = k) (length K) for one logit vector.
	Probabilities(logits, probs []T)
}
