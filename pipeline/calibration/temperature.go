package calibration

import (
	"errors"
	"fmt"
	"math"
)

// The range that a temperature is looked for in.
const (
	LeastTemperature = 0.05
	MostTemperature  = 20
)

// ErrNoTemperature says that the likelihood has no maximum inside the range: as a rule because there are few images and all are
// answered right, so that nothing says how sure is sure enough.
var ErrNoTemperature = fmt.Errorf("calibration: the likelihood has no maximum at a temperature between %g and %g", LeastTemperature, float64(MostTemperature))

// Logits are what a model said of n items over K classes, before it became probabilities.
type Logits struct {
	Values  []float32 // n × Outputs, row by row
	Outputs int       // length of a logit vector
	Targets []float64 // n × K, row by row: the true distributions, one-hot for labels
	Classes int       // K
	// Rule writes the K probabilities that one logit vector stands for; package loss has it as Loss.Probabilities. The negative
	// logarithm of a probability must be a convex function of the factor 1/T on logits, as it is for softmax, for cumulative
	// logits (Pratt 1981) and for conditional ones.
	Rule func(logits, probs []float64)
}

// NLL returns the mean negative log-likelihood −Σ t log p of the targets, natural logarithm, where the logits are divided by a
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

// FitTemperature returns the temperature of least NLL, to six digits. Above 1 it makes the model less sure, below 1 surer; the order
// of the probabilities stays with softmax, so its most probable class does too. The NLL is convex in 1/T, so it has one minimum;
// where that lies beyond the range the error is ErrNoTemperature, and without items or with lengths that disagree another one.
func FitTemperature(l Logits) (float64, error) {
	if l.Outputs < 1 || l.Classes < 1 || len(l.Values) == 0 || len(l.Values)%l.Outputs != 0 || len(l.Targets)*l.Outputs != len(l.Values)*l.Classes {
		return 0, fmt.Errorf("calibration: %d logits in vectors of %d and %d target values over %d classes", len(l.Values), l.Outputs, len(l.Targets), l.Classes)
	}
	// Golden section in the logarithm of T: it needs no derivatives, which each rule has its own of, and some forty evaluations.
	const precision = 1e-7
	ratio := (math.Sqrt(5) - 1) / 2
	from, to := math.Log(LeastTemperature), math.Log(MostTemperature)
	nll := func(u float64) float64 { return l.NLL(math.Exp(u)) }
	a, b := to-ratio*(to-from), from+ratio*(to-from)
	atA, atB := nll(a), nll(b)
	for to-from > precision {
		if math.IsNaN(atA) || math.IsNaN(atB) {
			return 0, errors.New("calibration: logits that aren't numbers")
		}
		if atA <= atB { // both may be zero, where the lower end is as good: no maximum
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
	if t < LeastTemperature*(1+2*precision) || t > MostTemperature*(1-2*precision) {
		return 0, ErrNoTemperature
	}
	return t, nil
}
