package loss

// EMD2 is the squared earth mover's distance of Hou, Yu and Samaras (arXiv 1611.05916), a sum over classes:
//
//   - ordered classes: Σᵢ (Pᵢ − Tᵢ)², the ranked probability score;
//   - classes at positions s: Σ_{i<K} gᵢ (Pᵢ − Tᵢ)² with gᵢ = (sᵢ₊₁ − sᵢ) / mean gap, the continuous ranked
//     probability score of a discrete forecast in units of the mean gap;
//   - a ground distance matrix D: Σᵢ pᵢ² Σₖ tₖ (Dᵢₖ^ω + μ).
const EMD2 = "emd2"

// orderedTerm is EMD² over ordered classes or positions.
type orderedTerm struct {
	gaps []float64 // gᵢ, length K−1
}

func (e orderedTerm) value(s *scratch, grad bool) float64 {
	s.cumulate()
	last := len(s.f) - 1
	var v float64
	for i, f := range s.f[:last] {
		v += e.gaps[i] * f * f
		s.c[i] = 2 * e.gaps[i] * f
	}
	if grad {
		s.fromCumulative()
	}
	return v
}

// cumulate writes Pᵢ − Tᵢ to s.f. It sums from the first class up to the top class and from the last class down to
// it, so that pₜₒₚ, close to one, is never added to tiny numbers, and s.f[K−1] is zero.
func (s *scratch) cumulate() {
	var below float64
	for i := range s.top {
		below += s.p[i] - s.t[i]
		s.f[i] = below
	}
	var above float64
	for i := len(s.p) - 1; i >= s.top; i-- {
		s.f[i] = -above
		above += s.p[i] - s.t[i]
	}
}

// fromCumulative turns derivatives with respect to Pᵢ in s.c into derivatives with respect to pᵢ. The last Pᵢ is
// constant and its derivative isn't read. As Pᵢ is the sum of p₀ to pᵢ these are suffix sums; they are computed
// outwards from the top class, whose own is then zero.
func (s *scratch) fromCumulative() {
	before := s.c[s.top]
	s.c[s.top] = 0
	for i := s.top - 1; i >= 0; i-- {
		s.c[i] += s.c[i+1]
	}
	for i := s.top + 1; i < len(s.c); i++ {
		here := s.c[i]
		s.c[i] = s.c[i-1] - before
		before = here
	}
}
