package loss

import "math"

// transport solves one entropic transport problem. With the row potentials eliminated, the dual is a concave
// function of the column potentials b,
//
//	F(b) = Σᵢ pᵢ aᵢ + Σⱼ tⱼ bⱼ,   γ aᵢ = log pᵢ − log Σⱼ exp(γ(bⱼ − Dᵢⱼ)),
//
// whose gradient is t − c, c being the column sums of the plan Πᵢⱼ = pᵢ Qᵢⱼ and Qᵢⱼ = exp(γ(bⱼ − Dᵢⱼ)) / Σⱼ …; its
// Hessian is −γ (diag(c) − Qᵀ diag(p) Q).
type transport struct {
	columns []int     // classes with a target above zero: the columns of the plan
	t       []float64 // their targets, of sum one
	p       []float64 // row sums
	logP    []float64
	logRow  []float64 // log Σⱼ exp(γ(bⱼ − Dᵢⱼ))
	q       []float64 // Q, K × len(columns)
	c       []float64 // column sums
	b, old  []float64 // column potentials, and those before a step

	// For the Newton step: the right-hand side and then residual, solution, search direction, its image, 1/√c.
	residual, step, direction, image, scale []float64
}

func newTransport(k int) *transport {
	w := &transport{columns: make([]int, 0, k), q: make([]float64, k*k)}
	buf := make([]float64, 11*k)
	for _, v := range []*[]float64{
		&w.t, &w.logP, &w.logRow, &w.c, &w.b, &w.old,
		&w.residual, &w.step, &w.direction, &w.image, &w.scale,
	} {
		*v, buf = buf[:k:k], buf[k:]
	}
	return w
}

const (
	directScale = 30 // γ·max D above which the problem is solved for smaller γ first
	maxSteps    = 60 // Newton steps for one γ; a few suffice
	tolerance   = 1e-13
	smallest    = 1e-200 // in place of column sums that underflow; the inverse of its square root can still be squared
)

// solve leaves the optimal column potentials in b, for the first len(t) entries, and logRow to match. It climbs
// F by Newton steps with a line search, after a step of Sinkhorn's iteration where the start is poor: the
// iteration alone needs thousands of rounds where γ is large. A very large γ is reached by way of smaller ones.
func (w *transport) solve(e *sinkhornTerm) {
	m := len(w.columns)
	clear(w.b[:m])
	if m == 1 { // all of pᵢ goes to the one column
		for i := range w.logRow {
			w.logRow[i] = -e.gamma * e.distance[i*e.classes+w.columns[0]]
		}
		return
	}
	gamma := e.gamma
	for gamma*e.largest > directScale {
		gamma /= 4
	}
	for gamma < e.gamma {
		w.climb(e, gamma, 1e-3)
		gamma = min(4*gamma, e.gamma)
	}
	// The exponents γ(b − D) carry a rounding error of their own size, so that no smaller residual can be asked for.
	w.climb(e, e.gamma, tolerance*max(1, e.gamma*e.largest/directScale))
}

// climb maximises F until the column sums differ from the targets by no more than limit in total.
func (w *transport) climb(e *sinkhornTerm, gamma, limit float64) {
	m := len(w.columns)
	value := w.evaluate(e, gamma)
	poor := true
	for range maxSteps {
		if w.mismatch() <= limit {
			return
		}
		if poor {
			for j, t := range w.t {
				w.b[j] += (math.Log(t) - math.Log(max(w.c[j], smallest))) / gamma
			}
			value = w.evaluate(e, gamma)
		}
		slope := w.newton(gamma)
		copy(w.old[:m], w.b[:m])
		noise := 1e-14 * (1 + math.Abs(value))
		poor = true
		for size := 1.0; size > 1e-6; size /= 2 {
			for j := range w.b[:m] {
				w.b[j] = w.old[j] + size*w.step[j]
			}
			if next := w.evaluate(e, gamma); next >= value+1e-4*size*slope-noise {
				value, poor = next, size < 1
				break
			}
		}
	}
}

// evaluate computes Q, the column sums and logRow from b, and returns F.
func (w *transport) evaluate(e *sinkhornTerm, gamma float64) float64 {
	m := len(w.columns)
	clear(w.c[:m])
	var value float64
	for i, p := range w.p {
		q := w.q[i*m : (i+1)*m]
		d := e.distance[i*e.classes : (i+1)*e.classes]
		highest := math.Inf(-1)
		for j, column := range w.columns {
			q[j] = gamma * (w.b[j] - d[column])
			highest = max(highest, q[j])
		}
		var sum float64
		for j := range q {
			q[j] = expNegative(q[j] - highest)
			sum += q[j]
		}
		w.logRow[i] = highest + math.Log(sum)
		for j := range q {
			q[j] /= sum
			w.c[j] += p * q[j]
		}
		value += p * (w.logP[i] - w.logRow[i]) / gamma
	}
	for j, t := range w.t {
		value += t * w.b[j]
	}
	return value
}

// mismatch returns Σ |tⱼ − cⱼ|.
func (w *transport) mismatch() float64 {
	var sum float64
	for j, t := range w.t {
		sum += math.Abs(t - w.c[j])
	}
	return sum
}

// newton writes the Newton step for F at b, limited in length, to step and returns the slope of F along it.
// With S = diag(c)^½ the system reads γ S (I − M) S δ = t − c, M = S⁻¹ Qᵀ diag(p) Q S⁻¹. A constant in δ changes
// nothing, so I − M is singular along S·1. The right-hand side has no part in that direction but its rounding, which
// conjugate gradients would chase for ever; adding the direction's projector spares half of their rounds. They
// need few, as M's eigenvalues fall fast, and no matrix but Q.
func (w *transport) newton(gamma float64) float64 {
	m := len(w.columns)
	var norm float64
	for j, t := range w.t {
		w.scale[j] = 1 / math.Sqrt(max(w.c[j], smallest))
		w.residual[j] = (t - w.c[j]) * w.scale[j]
		w.direction[j] = w.residual[j]
		w.step[j] = 0
		norm += w.residual[j] * w.residual[j]
	}
	first := norm
	// An accuracy relative to the mismatch gives quadratic convergence near the solution and saves iterations before.
	accuracy := min(0.1, w.mismatch())
	for range 2*m + 10 {
		if norm <= accuracy*accuracy*first {
			break
		}
		curvature := w.apply()
		if !(curvature > 0) {
			break
		}
		alpha := norm / curvature
		var next float64
		for j := range w.step[:m] {
			w.step[j] += alpha * w.direction[j]
			w.residual[j] -= alpha * w.image[j]
			next += w.residual[j] * w.residual[j]
		}
		for j := range w.direction[:m] {
			w.direction[j] = w.residual[j] + next/norm*w.direction[j]
		}
		norm = next
	}
	var longest float64
	for j := range w.step[:m] {
		w.step[j] *= w.scale[j] / gamma
		longest = max(longest, gamma*math.Abs(w.step[j]))
	}
	const maxChange = 10 // no entry of the plan changes by more than a factor of e¹⁰ in one step
	var slope float64
	for j, t := range w.t {
		if longest > maxChange {
			w.step[j] *= maxChange / longest
		}
		slope += w.step[j] * (t - w.c[j])
	}
	return slope
}

// apply writes (I − M + S·1 (S·1)ᵀ) direction to image and returns direction · image.
func (w *transport) apply() float64 {
	m := len(w.columns)
	clear(w.image[:m])
	var along float64
	for j, x := range w.direction[:m] {
		along += x / w.scale[j]
	}
	for i, p := range w.p {
		if p == 0 {
			continue
		}
		q := w.q[i*m : (i+1)*m]
		var sum float64
		for j, x := range q {
			sum += x * w.scale[j] * w.direction[j]
		}
		sum *= p
		for j, x := range q {
			w.image[j] += sum * x
		}
	}
	var curvature float64
	for j, x := range w.direction[:m] {
		w.image[j] = x - w.scale[j]*w.image[j] + along/w.scale[j]
		curvature += x * w.image[j]
	}
	return curvature
}
