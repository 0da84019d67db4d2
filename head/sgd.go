package head

import "finetune/internal/linalg/kernel"

// sgd is gradient descent with Nesterov momentum (Sutskever et al. 2013) in PyTorch's form: v ← μv + g,
// w ← w − lr·(g + μv), with g the gradient plus decay·w.
type sgd struct {
	momentum float32
	rate     float32
	velocity []float32
}

func newSGD(momentum float64, parameters int) *sgd {
	return &sgd{momentum: float32(momentum), velocity: make([]float32, parameters)}
}

func (s *sgd) begin(rate float64) { s.rate = float32(rate) }

func (s *sgd) update(params, grads []float32, state int, decay float64) {
	kernel.Best().SGD(params, grads, s.velocity[state:state+len(params)], s.rate, s.momentum, float32(decay))
}
