package loss

import "math"

// EMD is (1/K Σᵢ |Pᵢ − Tᵢ|^r)^{1/r} with r ≥ 1 (Talebi and Milanfar, NIMA, arXiv 1709.05424): a mean over
// classes and a root, so that its values are in [0, 1]. It doesn't use positions.
const EMD = "emd"

// emdTerm is EMD with exponent r.
type emdTerm struct{ r float64 }

// value scales by M = max |Fᵢ|, F = P − T. With uᵢ = |Fᵢ|/M and S = 1/K Σ uᵢ^r the value is M·S^{1/r} and its
// derivative with respect to Fᵢ is sign(Fᵢ)/K · uᵢ^{r−1} · S^{1/r−1}: no power of a tiny number is computed, so
// that neither underflows before F does. At F = 0, where the root has no derivative, it is zero (a subgradient), as
// are the entries with Fᵢ = 0 for r = 1.
func (e emdTerm) value(s *scratch, grad bool) float64 {
	s.cumulate()
	var largest float64
	for _, f := range s.f {
		largest = max(largest, math.Abs(f))
	}
	if largest == 0 {
		clear(s.c)
		return 0
	}
	var sum float64
	for i, f := range s.f {
		u := math.Abs(f) / largest
		d := e.power(u, e.r-1)
		sum += u * d
		s.c[i] = math.Copysign(d, f)
	}
	k := float64(len(s.f))
	root := math.Pow(sum/k, 1/e.r)
	if grad {
		scale := root / sum // S^{1/r−1} / K
		for i := range s.c {
			s.c[i] *= scale
		}
		s.fromCumulative()
	}
	return largest * root
}

// power returns u^x for u in [0, 1], and 0 where u is 0.
func (emdTerm) power(u, x float64) float64 {
	switch {
	case u == 0:
		return 0
	case x == 0:
		return 1
	case x == 1:
		return u
	}
	return math.Pow(u, x)
}
