package loss

import "math"

// softmaxLoss is a loss of softmax logits: cross-entropy, a term of the probabilities, or both.
type softmaxLoss[T Float] struct {
	shape[T]
	crossEntropy bool    // add the cross-entropy
	term         term    // nil for cross-entropy alone
	weight       float64 // of term
}

// A term is a function of the probabilities p and the target t.
type term interface {
	// value returns the term for s.p and s.t and, where grad is set, leaves its derivatives with respect to p,
	// up to a constant, in s.c.
	value(s *scratch, grad bool) float64
}

func (l *softmaxLoss[T]) Outputs() int { return l.classes }

func (l *softmaxLoss[T]) Sample(logits, target, grad []T, ws *Workspace[T]) T {
	checkSample(l, logits, target, grad)
	s := &ws.scratch
	if len(s.z) != len(logits) {
		panic("loss: workspace of a loss with other classes")
	}
	for i := range s.z {
		s.z[i] = float64(logits[i])
		s.t[i] = float64(target[i])
	}
	s.top, s.odds = softmax(s.z, s.p)
	var v float64
	if l.crossEntropy {
		v = crossEntropy(s)
	}
	var mean, atTop float64
	if l.term != nil {
		v += l.weight * l.term.value(s, grad != nil)
		if grad != nil {
			// Relative to the top class, whose p may be 1 − 1e-20, the derivatives don't cancel.
			atTop = s.c[s.top]
			for i, p := range s.p {
				mean += p * (s.c[i] - atTop)
			}
		}
	}
	if grad == nil {
		return T(v)
	}
	for i, p := range s.p {
		var g float64
		if l.term != nil {
			g = l.weight * p * (s.c[i] - atTop - mean)
		}
		if l.crossEntropy {
			g += s.difference(i)
		}
		grad[i] = T(g)
	}
	return T(v)
}

func (l *softmaxLoss[T]) Probabilities(logits, probs []T) {
	checkProbabilities(l, logits, probs)
	softmax(logits, probs)
}

// Logits returns the logarithms minus their mean.
func (l *softmaxLoss[T]) Logits(probs, logits []T) {
	checkProbabilities(l, logits, probs)
	var mean float64
	for _, p := range probs {
		mean += math.Log(float64(p)) / float64(len(probs))
	}
	for i, p := range probs {
		logits[i] = T(math.Log(float64(p)) - mean)
	}
}

// softmax writes exp(zᵢ) / Σ exp(zⱼ) to p, which may be z. It returns the index of the largest logit and the odds
// against it, Σ exp(zᵢ − z[top]) over all others, which keep their relative accuracy: 1 − p[top] = odds/(1 + odds)
// and −log p[top] = log(1 + odds).
func softmax[T Float](z, p []T) (top int, odds float64) {
	largest := z[0]
	for i, v := range z {
		if v > largest {
			largest, top = v, i
		}
	}
	for i, v := range z {
		e := expNegative(float64(v) - float64(largest))
		p[i] = T(e)
		if i != top {
			odds += e
		}
	}
	scale := 1 / (1 + odds)
	for i, e := range p {
		p[i] = T(float64(e) * scale)
	}
	return top, odds
}

// difference returns pᵢ − tᵢ, without cancellation where both are close to one.
func (s *scratch) difference(i int) float64 {
	if i == s.top {
		return (1 - s.t[i]) - s.odds*s.p[i]
	}
	return s.p[i] - s.t[i]
}

// logTop returns −log pₜₒₚ = log Σ exp(zᵢ − zₜₒₚ).
func (s *scratch) logTop() float64 { return math.Log1p(s.odds) }
