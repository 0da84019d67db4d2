// Package kappa computes Cohen's kappa with quadratic weights. It must not import other packages of this module.
package kappa

import "math"

// Quadratic returns 1 − Σ (i−j)² observed / Σ (i−j)² expected from the margins (Cohen 1968). It takes the sums of weights
// by true class and by predicted class, and the weighted sum of (predicted − true)². It is NaN if both sides are one class.
//
// The expected sum needs only the first two moments of the margins: E(i−j)² = E i² − 2 E i E j + E j².
func Quadratic[N int | float64](truth, predicted []N, squares N) float64 {
	var n, i1, i2, j1, j2 float64
	for c := range truth {
		x, y, v := float64(truth[c]), float64(predicted[c]), float64(c)
		n += x
		i1 += x * v
		i2 += x * v * v
		j1 += y * v
		j2 += y * v * v
	}
	expected := n*i2 - 2*i1*j1 + n*j2 // times n²; exactly 0 for integers if both sides are one class
	if !(expected > n*n*1e-12) {
		return math.NaN()
	}
	return 1 - n*float64(squares)/expected
}
