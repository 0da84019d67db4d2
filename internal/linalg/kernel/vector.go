package kernel

import "math"

// Vector functions are elementwise, on slices of one length unless said otherwise, and do for every element the same as the plain ones but
// for rounding in between. Longer slices than the first one are allowed, shorter ones panic.
type Vector struct {
	Add func(dst, a []float32)    // dst += a
	Mul func(dst, a, b []float32) // dst = a·b; dst may be one of them

	// MulSpread is Mul for a packed dst (see Kernel): element l goes to dst[l/Lanes·stride + l%Lanes].
	MulSpread func(dst, a, b []float32, stride int)

	// SGD is a step with Nesterov momentum: v ← μv + g, w ← w − rate·(g + μv), where g is the gradient plus decay·w.
	SGD func(params, grads, velocity []float32, rate, momentum, decay float32)

	// AdamW is a step of Adam with decoupled decay.
	AdamW func(params, grads, mean, square []float32, c *AdamW)

	// Drop is dropout, dst = (a + shift)·d.Scale for the elements that are kept and 0 for the others; dst may be a.
	Drop func(dst, a, shift []float32, d Drop)

	// Standardise is dst = scale·inverse·(a − mean), computed in float64.
	Standardise func(dst, a []float32, mean, inverse []float64, scale float64)

	// Moments adds weight·(a − origin) to mean and weight·(a − origin)² to squares.
	Moments func(a, origin []float32, mean, squares []float64, weight float64)
}

// AdamW holds the numbers of a step: m ← Beta1·m + Rest1·g, v ← Beta2·v + Rest2·g²,
// w ← Shrink·w − Size·m/(Correct·√v + Epsilon).
type AdamW struct {
	Beta1, Rest1, Beta2, Rest2, Shrink, Size, Correct, Epsilon float32
}

var plainVector = Vector{Add: addPlain, Mul: mulPlain, MulSpread: mulSpreadPlain, SGD: sgdPlain, AdamW: adamWPlain, Drop: dropPlain,
	Standardise: standardisePlain, Moments: momentsPlain}

func addPlain(dst, a []float32) {
	a = a[:len(dst)]
	for i, v := range a {
		dst[i] += v
	}
}

func mulPlain(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func mulSpreadPlain(dst, a, b []float32, stride int) {
	b = b[:len(a)]
	for i, v := range a {
		dst[i*stride] = v * b[i]
	}
}

func sgdPlain(params, grads, velocity []float32, rate, momentum, decay float32) {
	grads, velocity = grads[:len(params)], velocity[:len(params)]
	for i, w := range params {
		g := grads[i] + decay*w
		v := momentum*velocity[i] + g
		velocity[i] = v
		params[i] = w - rate*(g+momentum*v)
	}
}

func adamWPlain(params, grads, mean, square []float32, c *AdamW) {
	grads, mean, square = grads[:len(params)], mean[:len(params)], square[:len(params)]
	for i, g := range grads {
		m := c.Beta1*mean[i] + c.Rest1*g
		v := c.Beta2*square[i] + c.Rest2*g*g
		mean[i], square[i] = m, v
		root := float32(math.Sqrt(float64(v)))
		params[i] = c.Shrink*params[i] - c.Size*m/(root*c.Correct+c.Epsilon)
	}
}

func standardisePlain(dst, a []float32, mean, inverse []float64, scale float64) {
	a, mean, inverse = a[:len(dst)], mean[:len(dst)], inverse[:len(dst)]
	for i, v := range a {
		dst[i] = float32(scale * inverse[i] * (float64(v) - mean[i]))
	}
}

func momentsPlain(a, origin []float32, mean, squares []float64, weight float64) {
	origin, mean, squares = origin[:len(a)], mean[:len(a)], squares[:len(a)]
	for i, v := range a {
		d := float64(v) - float64(origin[i])
		mean[i] += float64(weight * d) // rounded before the sum, as the assembly does
		squares[i] += float64(weight * d * d)
	}
}
