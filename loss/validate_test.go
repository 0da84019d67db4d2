package loss

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// everyLoss returns a configuration of each form of each loss for k classes, with random ground distances.
func everyLoss(rng *rand.Rand, k int) []Config {
	positions, matrix := randomGround(rng, k)
	configs := []Config{
		{Name: CrossEntropy}, {Name: EMD2}, {Name: EMD2, Ground: positions},
		{Name: EMD2, Ground: matrix}, {Name: EMD2, Ground: matrix, Omega: 2, Mu: 0.25},
		{Name: EMD2, Ground: matrix, Omega: 0.5, Mu: -0.1},
		{Name: XEMD2}, {Name: XEMD2, Ground: positions, Lambda: 0.3}, {Name: XEMD2, Ground: matrix, Mu: 0.5, Lambda: 2},
		{Name: EMD}, {Name: EMD, Exponent: 1}, {Name: EMD, Exponent: 1.5}, {Name: EMD, Exponent: 3},
		{Name: Sinkhorn}, {Name: Sinkhorn, Ground: positions, Gamma: 3}, {Name: Sinkhorn, Ground: matrix, Gamma: 50},
		{Name: L2}, {Name: L2, Ground: positions}, {Name: CORAL}, {Name: CORN},
	}
	for i := range configs {
		configs[i].Classes = k
	}
	return configs
}

func randomGround(rng *rand.Rand, k int) (positions, matrix GroundDistance) {
	s := make([]float64, k)
	for i := range s {
		s[i] = rng.Float64() + 0.05
		if i > 0 {
			s[i] += s[i-1]
		}
	}
	d := make([]float64, k*k)
	for i := range d {
		if i/k != i%k {
			d[i] = rng.Float64()
		}
	}
	return Positions(s), Matrix(d)
}

func randomLogits(rng *rand.Rand, n int, scale float64) []float64 {
	z := make([]float64, n)
	for i := range z {
		z[i] = scale * rng.NormFloat64()
	}
	return z
}

// validate checks the properties of every loss at one point: finite results, the same value with and without a
// gradient, probabilities that are a distribution, and for softmax losses that a constant added to the logits changes
// nothing. It returns the value and gradient.
func validate(t *testing.T, l Loss[float64], logits, target []float64) (float64, []float64) {
	t.Helper()
	if err := l.CheckTarget(target); err != nil {
		t.Fatalf("target %v: %v", target, err)
	}
	ws := NewWorkspace(l)
	grad := make([]float64, l.Outputs())
	value := l.Sample(logits, target, grad, ws)
	if !finite(value) {
		t.Fatalf("value %v for logits %v", value, logits)
	}
	if again := l.Sample(logits, target, nil, ws); again != value {
		t.Errorf("value %v without a gradient, %v with", again, value)
	}
	var sum, size float64
	for i, g := range grad {
		if !finite(g) {
			t.Fatalf("gradient %d is %v for logits %v", i, g, logits)
		}
		sum += g
		size += math.Abs(g)
	}
	if l.Outputs() == l.Classes() && math.Abs(sum) > 1e-12*size {
		t.Errorf("softmax gradient sums to %v, its size is %v", sum, size)
	}
	probs := make([]float64, l.Classes())
	l.Probabilities(logits, probs)
	var mass float64
	for k, p := range probs {
		if !(p >= 0) {
			t.Errorf("P(y = %d) is %v", k, p)
		}
		mass += p
	}
	if !(math.Abs(mass-1) < 1e-12) {
		t.Errorf("probabilities sum to %v", mass)
	}
	return value, grad
}

// compareDifferences checks a gradient by central differences.
func compareDifferences(t *testing.T, l Loss[float64], logits, target, grad []float64, tol float64) {
	t.Helper()
	const h = 1e-4
	ws := NewWorkspace(l)
	z := append([]float64(nil), logits...)
	at := func(i int, x float64) float64 {
		z[i] = logits[i] + x
		v := l.Sample(z, target, nil, ws)
		z[i] = logits[i]
		return v
	}
	for i, g := range grad {
		// Richardson's extrapolation of two central differences: an error of order h⁴.
		want := (8*(at(i, h)-at(i, -h)) - (at(i, 2*h) - at(i, -2*h))) / (12 * h)
		if !(math.Abs(g-want) <= tol*(1+math.Abs(want))) {
			t.Errorf("gradient %d is %.12g, central differences give %.12g (logits %v, target %v)", i, g, want, logits, target)
		}
	}
}

func TestGradients(t *testing.T) {
	for _, k := range []int{2, 3, 8, 20} {
		rng := rand.New(rand.NewPCG(uint64(k), 9))
		for _, cfg := range everyLoss(rng, k) {
			t.Run(fmt.Sprintf("%s/K=%d", describe(cfg), k), func(t *testing.T) {
				l := mustNew[float64](t, cfg)
				target := make([]float64, k)
				for _, fill := range []func(*rand.Rand, []float64){oneHotTargets[float64], softTargets[float64]} {
					for range 3 {
						fill(rng, target)
						logits := randomLogits(rng, l.Outputs(), 2)
						_, grad := validate(t, l, logits, target)
						compareDifferences(t, l, logits, target, grad, 1e-8)
					}
				}
			})
		}
	}
}

func describe(c Config) string {
	ground := "ordered"
	if c.Ground.Matrix != nil {
		ground = "matrix"
	} else if c.Ground.Positions != nil {
		ground = "positions"
	}
	return fmt.Sprintf("%s/%s/λ%v,ω%v,μ%v,r%v,γ%v", c.Name, ground, c.Lambda, c.Omega, c.Mu, c.Exponent, c.Gamma)
}

// TestStable checks logits and class counts at their limits in both element types.
func TestStable(t *testing.T) {
	for _, k := range []int{2, 8, 1000} {
		rng := rand.New(rand.NewPCG(uint64(k), 10))
		for _, cfg := range everyLoss(rng, k) {
			if cfg.Name == Sinkhorn && k > 100 && cfg.Gamma != 0 {
				continue // one form of the largest is enough: each soft sample is K² exponentials a step
			}
			t.Run(fmt.Sprintf("%s/K=%d", describe(cfg), k), func(t *testing.T) {
				for _, scale := range []float64{0, 1, 1e4} {
					stableAt[float64](t, cfg, rng, scale)
					stableAt[float32](t, cfg, rng, scale)
				}
			})
		}
	}
}

func stableAt[T Float](t *testing.T, cfg Config, rng *rand.Rand, scale float64) {
	t.Helper()
	l := mustNew[T](t, cfg)
	logits, grad := make([]T, l.Outputs()), make([]T, l.Outputs())
	target := make([]T, cfg.Classes)
	ws := NewWorkspace(l)
	for _, fill := range []func(*rand.Rand, []T){oneHotTargets[T], softTargets[T]} {
		for i := range logits {
			logits[i] = T(scale * (2*rng.Float64() - 1))
		}
		fill(rng, target)
		if v := l.Sample(logits, target, grad, ws); !finite(float64(v)) {
			t.Errorf("%T, scale %v: value %v", v, scale, v)
		}
		for i, g := range grad {
			if !finite(float64(g)) {
				t.Fatalf("%T, scale %v: gradient %d is %v", g, scale, i, g)
			}
		}
	}
}
