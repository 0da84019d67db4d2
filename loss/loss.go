package loss

// Float is the element type of logits, targets and gradients: float32 in training, float64 for checks.
type Float interface{ float32 | float64 }

// A Loss is a loss over K ordered classes, defined per sample. It is immutable and may be used from several
// goroutines, each with its own Workspace. Its methods panic on slices of the wrong length and on no values.
type Loss[T Float] interface {
	// Classes is K, the length of a target and of a probability vector.
	Classes() int
	// Outputs is the length of a logit vector: K for softmax losses, 1 for l2, K−1 for coral and corn.
	Outputs() int
	// SharedWeights reports whether all outputs must share one weight vector and differ only in their biases, as
	// those of coral do: zₖ = w·x + bₖ. Otherwise its cumulative probabilities needn't be in order.
	SharedWeights() bool
	// CheckTarget returns an error unless target (length K) can be used with this loss: not negative and summing to
	// one, as Sample expects.
	CheckTarget(target []T) error
	// Sample returns the loss of one sample with the given logits (length Outputs) against target
	// (length K). Where grad isn't nil (length Outputs), the gradient with respect to the logits is written to it.
	// It allocates nothing.
	Sample(logits, target, grad []T, ws *Workspace[T]) T
	// Probabilities writes P(y = k) (length K) for one logit vector. They sum to one up to rounding.
	Probabilities(logits, probs []T)
	// Logits writes a logit vector (length Outputs) with these probabilities (length K, all above zero, summing to
	// one) to logits. It is a right inverse of Probabilities, except for l2, where the logit is the mean position.
	Logits(probs, logits []T)
}

// shape is the common part of all losses: the number of classes and the check of targets.
type shape[T Float] struct{ classes int }

func (s shape[T]) Classes() int                 { return s.classes }
func (s shape[T]) SharedWeights() bool          { return false }
func (s shape[T]) CheckTarget(target []T) error { return checkDistribution(target, s.classes) }

// checkSample panics unless the slices of a Sample call have the loss's lengths.
func checkSample[T Float](l Loss[T], logits, target, grad []T) {
	if len(logits) != l.Outputs() || len(target) != l.Classes() || grad != nil && len(grad) != l.Outputs() {
		panic("loss: logits, target or gradient of the wrong length")
	}
}

// checkProbabilities panics unless the slices of a Probabilities call have the loss's lengths.
func checkProbabilities[T Float](l Loss[T], logits, probs []T) {
	if len(logits) != l.Outputs() || len(probs) != l.Classes() {
		panic("loss: logits or probabilities of the wrong length")
	}
}
