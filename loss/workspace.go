package loss

// A Workspace is the memory in which one goroutine computes a loss. It fits every loss of the same Config but
// for the numbers in its ground distance, so it outlives a self-guided matrix that is renewed each epoch.
type Workspace[T Float] struct{ scratch }

// NewWorkspace returns a workspace for l: some vectors of K float64 numbers and, for sinkhorn, a matrix of K².
func NewWorkspace[T Float](l Loss[T]) *Workspace[T] {
	k := l.Classes()
	buf := make([]float64, 5*k)
	ws := new(Workspace[T])
	for _, v := range []*[]float64{&ws.z, &ws.t, &ws.p, &ws.f, &ws.c} {
		*v, buf = buf[:k:k], buf[k:]
	}
	if s, ok := l.(*softmaxLoss[T]); ok {
		if _, ok := s.term.(*sinkhornTerm); ok {
			ws.transport = newTransport(k)
		}
	}
	return ws
}

// scratch holds one sample in float64 on its way from logits to gradient. All vectors have length K.
type scratch struct {
	z []float64 // logits
	t []float64 // target
	p []float64 // softmax(z)
	f []float64 // P − T, the cumulative difference
	c []float64 // ∂value/∂p, up to a constant: softmax's gradient ignores one

	top  int     // index of the largest logit
	odds float64 // (1 − p[top]) / p[top], free of cancellation

	transport *transport // only for sinkhorn
}
