package loss

import "math"

// matrixTerm is EMD² with a ground distance matrix, Σᵢ pᵢ² Σₖ tₖ (Dᵢₖ^ω + μ).
type matrixTerm struct {
	classes int
	cost    []float64 // Dᵢₖ^ω + μ at k*classes+i: a row for each true class
}

func newMatrixTerm(classes int, distance []float64, omega, mu float64) *matrixTerm {
	m := &matrixTerm{classes: classes, cost: make([]float64, len(distance))}
	for i := range classes {
		for k := range classes {
			d := distance[i*classes+k]
			if omega != 1 {
				d = math.Pow(d, omega)
			}
			m.cost[k*classes+i] = d + mu
		}
	}
	return m
}

func (m *matrixTerm) value(s *scratch, _ bool) float64 {
	clear(s.c)
	for k, t := range s.t {
		if t == 0 { // for all but one class of a one-hot target
			continue
		}
		for i, cost := range m.cost[k*m.classes : (k+1)*m.classes] {
			s.c[i] += t * cost
		}
	}
	var v float64
	for i, p := range s.p {
		pc := p * s.c[i]
		v += p * pc
		s.c[i] = 2 * pc
	}
	return v
}
