package head

import (
	"math"

	"finetune/internal/linalg/kernel"
)

// Constants of AdamW: the usual ones.
const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

// adamW is Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101):
// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w·(1 − lr·decay) − lr·m̂/(√v̂ + ε) with the bias-corrected m̂ and v̂.
type adamW struct {
	step          int
	rate          float64
	size, correct float32 // lr/(1−β₁ᵗ) and 1/√(1−β₂ᵗ)
	mean, square  []float32
}

func newAdamW(parameters int) *adamW {
	return &adamW{mean: make([]float32, parameters), square: make([]float32, parameters)}
}

func (a *adamW) begin(rate float64) {
	a.step++
	a.rate = rate
	a.size = float32(rate / (1 - math.Pow(adamBeta1, float64(a.step))))
	a.correct = float32(1 / math.Sqrt(1-math.Pow(adamBeta2, float64(a.step))))
}

func (a *adamW) update(params, grads []float32, state int, decay float64) {
	kernel.Best().AdamW(params, grads, a.mean[state:state+len(params)], a.square[state:state+len(params)], &kernel.AdamW{
		Beta1: adamBeta1, Rest1: 1 - adamBeta1, Beta2: adamBeta2, Rest2: 1 - adamBeta2,
		Shrink: float32(1 - a.rate*decay), Size: a.size, Correct: a.correct, Epsilon: adamEpsilon,
	})
}
