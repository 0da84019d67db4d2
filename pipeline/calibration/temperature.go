package calibration

import (
	"errors"
	"fmt"
	"math"
)

// The search range of the temperature.
const (
	minTemperature = 0.05
	maxTemperature = 20
)

// ErrNoTemperature reports that the likelihood has no maximum in the search range. The usual cause is a small sample
// whose predictions are all correct: the likelihood then grows with confidence.
var ErrNoTemperature = fmt.Errorf("calibration: the likelihood has no maximum at a temperature between %g and %g",
	minTemperature, float64(maxTemperature))

// Logits are the logits of n items over K classes, with their targets.
type Logits struct {
	Values  []float32 // n × Outputs, row by row
	Outputs int       // length of a logit vector
	Targets []float64 // n × K, row by row: the true distributions, one-hot for labels
	Classes int       // K
	// Rule converts one logit vector to K probabilities, as loss.Loss.Probabilities does. The negative logarithm of a
	// probability must be convex in 1/T. This holds for softmax, cumulative logits (Pratt 1981) and conditional
	// logits.
	Rule func(logits, probs []float64)
}

// NLL returns the mean negative log-likelihood −Σ t log p of the targets in nats, with the logits divided by the
// temperature.
func (l Logits) NLL(temperature float64) float64 {
	z, p := make([]float64, l.Outputs), make([]float64, l.Classes)
	var sum float64
	for i := 0; i < len(l.Values); i += l.Outputs {
		for j := range z {
			z[j] = float64(l.Values[i+j]) / temperature
		}
		l.Rule(z, p)
		first := i / l.Outputs * l.Classes
		for k, t := range l.Targets[first : first+l.Classes] {
			if t > 0 {
				sum -= t * math.Log(max(p[k], math.SmallestNonzeroFloat64))
			}
		}
	}
	return sum * float64(l.Outputs) / float64(len(l.Values))
}

// FitTemperature returns the temperature with the least NLL, to six digits. A temperature above 1 lowers confidence,
// below 1 raises it. With softmax the most probable class doesn't change. The NLL is convex in 1/T, so it has one
// minimum. The error is ErrNoTemperature if the minimum is outside the search range, and another error without items
// or if lengths disagree.
func FitTemperature(l Logits) (float64, error) {
	if l.Outputs < 1 || l.Classes < 1 || len(l.Values) == 0 || len(l.Values)%l.Outputs != 0 ||
		len(l.Targets)*l.Outputs != len(l.Values)*l.Classes {
		return 0, fmt.Errorf("calibration: %d logits in vectors of %d and %d target values over %d classes",
			len(l.Values), l.Outputs, len(l.Targets), l.Classes)
	}
	// Golden-section search over log T takes about forty evaluations and no derivatives.
	const precision = 1e-7
	ratio := (math.Sqrt(5) - 1) / 2
	from, to := math.Log(minTemperature), math.Log(maxTemperature)
	nll := func(u float64) float64 { return l.NLL(math.Exp(u)) }
	a, b := to-ratio*(to-from), from+ratio*(to-from)
	atA, atB := nll(a), nll(b)
	for to-from > precision {
		if math.IsNaN(atA) || math.IsNaN(atB) {
			return 0, errors.New("calibration: logits contain NaN")
		}
		if atA <= atB { // both may be zero: prefer the lower end, which then reports no maximum
			to, b, atB = b, a, atA
			a = to - ratio*(to-from)
			atA = nll(a)
		} else {
			from, a, atA = a, b, atB
			b = from + ratio*(to-from)
			atB = nll(b)
		}
	}
	t := math.Exp((from + to) / 2)
	if t < minTemperature*(1+2*precision) || t > maxTemperature*(1-2*precision) {
		return 0, ErrNoTemperature
	}
	return t, nil
}
