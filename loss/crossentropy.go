package loss

// CrossEntropy is −Σ tᵢ log pᵢ with p = softmax(z). Its gradient is p − t.
const CrossEntropy = "cross-entropy"

// crossEntropy takes log pᵢ = (zᵢ − max z) − log Σ exp(zⱼ − max z) from the logits, so that none underflows.
func crossEntropy(s *scratch) float64 {
	highest, logTop := s.z[s.top], s.logTop()
	var v float64
	for i, t := range s.t {
		if t != 0 {
			v += t * (logTop + (highest - s.z[i]))
		}
	}
	return v
}
