package loss

// Sinkhorn is entropic optimal transport between p and t: ⟨Π, D⟩ − H(Π)/γ at the plan Π with margins p and t
// that minimises it, H(Π) = −Σ Πᵢⱼ (log Πᵢⱼ − 1) (Cuturi 2013, arXiv 1306.0895; Frogner et al. 2015,
// arXiv 1506.05439). D is the ground distance: the matrix, or distances on the line scaled to [0, 1].
//
// By the envelope theorem its derivative with respect to p is the dual potential of the rows. A one-hot target
// leaves one plan, Πᵢₖ = pᵢ, so both are in closed form: Σ pᵢ Dᵢₖ + (Σ pᵢ log pᵢ − 1)/γ. Other targets are
// solved to about 1e-13 of the mass (see transport.solve).
const Sinkhorn = "sinkhorn"

type sinkhornTerm struct {
	classes  int
	distance []float64 // K × K, row: predicted, column: target
	largest  float64
	gamma    float64
}

func newSinkhornTerm(classes int, distance []float64, gamma float64) *sinkhornTerm {
	return &sinkhornTerm{classes: classes, distance: distance, largest: Matrix(distance).largest(), gamma: gamma}
}

func (e *sinkhornTerm) value(s *scratch, _ bool) float64 {
	w := s.transport
	w.p = s.p
	w.columns, w.t = w.columns[:0], w.t[:0]
	var mass float64
	for j, t := range s.t {
		if t > 0 {
			w.columns, w.t = append(w.columns, j), append(w.t, t)
			mass += t
		}
	}
	for j := range w.t {
		w.t[j] /= mass // a plan exists only between margins of the same mass
	}
	highest, logTop := s.z[s.top], s.logTop()
	for i, z := range s.z {
		w.logP[i] = (z - highest) - logTop
	}
	w.solve(e)
	// The dual value Σ pᵢ aᵢ + Σ tⱼ bⱼ − 1/γ equals the primal one at the optimum; near it, its error is of second
	// order.
	v := -1 / e.gamma
	for i, p := range s.p {
		s.c[i] = (w.logP[i] - w.logRow[i]) / e.gamma
		if p > 0 {
			v += p * s.c[i]
		}
	}
	for j, t := range w.t {
		v += t * w.b[j]
	}
	return v
}
