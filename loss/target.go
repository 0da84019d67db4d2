package loss

import (
	"fmt"
	"math"

	"finetune/invalid"
)

// OneHot writes the target of a sample with the given label (from 0) to dst, whose length is K. Like all functions
// that write targets it panics where label isn't a class.
func OneHot[T Float](dst []T, label int) {
	clear(dst)
	dst[label] = 1
}

// Votes writes the shares of votes, which may be fractions, to dst. No votes at all, and a negative or infinite one,
// are a *invalid.Error. Votes panics where the lengths differ.
func Votes[T Float](dst []T, votes []float64) error {
	if len(dst) != len(votes) {
		panic("loss: votes and target of different lengths")
	}
	var total float64
	for k, v := range votes {
		if !(v >= 0) || !finite(v) {
			return &invalid.Error{Field: "votes", Found: fmt.Sprintf("%v for class %d", v, k), Want: "0 or more"}
		}
		total += v
	}
	if !(total > 0) || !finite(total) {
		return &invalid.Error{Field: "votes", Found: fmt.Sprintf("a sum of %v", total), Want: "at least one vote"}
	}
	for k, v := range votes {
		dst[k] = T(v / total)
	}
	return nil
}

// Binomial writes a softened label to dst: the binomial distribution of K−1 trials with success probability
// (label + ½)/K, whose mode is the label. Its width depends on K alone: the middle classes are softened most.
func Binomial[T Float](dst []T, label int) {
	n := float64(len(dst) - 1)
	q := (float64(label) + 0.5) / float64(len(dst))
	all, _ := math.Lgamma(n + 1)
	soften(dst, label, func(j int) float64 {
		x := float64(j)
		a, _ := math.Lgamma(x + 1)
		b, _ := math.Lgamma(n - x + 1)
		return math.Exp(all - a - b + x*math.Log(q) + (n-x)*math.Log1p(-q))
	})
}

// Triangular writes a softened label to dst: a triangular density around the middle of the label's class that falls
// to zero halfWidth class steps away, integrated over the step of each class and cut off at the ends of the scale. Up
// to ½ it is one-hot; up to 1½ only the neighbouring classes get a share. It panics for a halfWidth of 0 or less.
func Triangular[T Float](dst []T, label int, halfWidth float64) {
	if !(halfWidth > 0) {
		panic("loss: triangular half-width must be above 0")
	}
	below := func(x float64) float64 { // the density's share left of x, up to a constant, odd in x
		u := min(math.Abs(x)/halfWidth, 1)
		return math.Copysign(u-u*u/2, x)
	}
	soften(dst, label, func(j int) float64 {
		x := math.Abs(float64(j - label))
		return below(x+0.5) - below(x-0.5)
	})
}

// Exponential writes a softened label to dst: tⱼ ∝ exp(−|j − label|^power / tau). Power 1 and 2 are usual. It
// panics unless tau and power are above 0.
func Exponential[T Float](dst []T, label int, tau, power float64) {
	if !(tau > 0) || !(power > 0) {
		panic("loss: tau and power must be above 0")
	}
	soften(dst, label, func(j int) float64 {
		return math.Exp(-math.Pow(math.Abs(float64(j-label)), power) / tau)
	})
}

// Mix replaces dst, a softened label, by eta·dst + (1 − eta)·onehot(label), with eta in [0, 1] the strength of the
// softening.
func Mix[T Float](dst []T, label int, eta float64) {
	own := float64(dst[label])
	for j := range dst {
		dst[j] = T(eta * float64(dst[j]))
	}
	dst[label] = T(eta*own + (1 - eta))
}

// soften writes mass(j), made to sum to one, to dst.
func soften[T Float](dst []T, label int, mass func(j int) float64) {
	_ = dst[label]
	var sum float64
	for j := range dst {
		sum += mass(j)
	}
	for j := range dst {
		dst[j] = T(mass(j) / sum)
	}
}
