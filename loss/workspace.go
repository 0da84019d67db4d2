package loss

import "finetune/internal/linalg/kernel"

// A Workspace is the memory in which one goroutine computes a loss. It may be used with every loss whose Config
// differs only in the values of the ground distance, such as a self-guided one that is measured each epoch.
type Workspace[T Float] struct{ scratch }

// NewWorkspace returns a workspace for l: a few float64 vectors of length K and, for sinkhorn, a K × K matrix.
func NewWorkspace[T Float](l Loss[T]) *Workspace[T] {
	k := l.Classes()
	buf := make([]float64, 5*k)
	ws := new(Workspace[T])
	for _, v := range []*[]float64{&ws.z, &ws.t, &ws.p, &ws.f, &ws.c} {
		*v, buf = buf[:k:k], buf[k:]
	}
	if s, ok := l.(*softmaxLoss[T]); ok {
		ws.rows = make([]float64, 3*kernel.LossRows*k)
		if _, ok := s.term.(*sinkhornTerm); ok {
			ws.transport = newTransport(k)
		}
	}
	return ws
}

// scratch holds the intermediate values of one sample in float64. All vectors have length K.
type scratch struct {
	z []float64 // logits
	t []float64 // target
	p []float64 // softmax(z)
	f []float64 // P − T, the cumulative difference
	c []float64 // ∂value/∂p up to a constant, which doesn't change the gradient by the logits

	top  int     // index of the largest logit
	odds float64 // (1 − p[top]) / p[top], free of cancellation

	rows      []float64  // for several samples at once
	transport *transport // only for sinkhorn
}
