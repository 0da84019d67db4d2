package loss

import "math"

// logistic returns the loss of one binary task with logit z, −yes·log σ(z) − no·log σ(−z), and its derivative.
// Both keep their relative accuracy for logits of any size.
func logistic(z, yes, no float64) (value, derivative float64) {
	e := expNegative(-math.Abs(z))
	value = (yes + no) * math.Log1p(e)
	small := (yes + no) * e / (1 + e) // (yes+no)·σ(−|z|)
	if z > 0 {
		return value + no*z, no - small
	}
	return value - yes*z, small - yes
}

// sigmoid returns 1/(1+e⁻ᶻ), accurate for z below zero; σ(−z) is the accurate complement.
func sigmoid(z float64) float64 {
	e := expNegative(-math.Abs(z))
	if z < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}
