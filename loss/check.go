package loss

import (
	"fmt"
	"math"
	"strings"

	"finetune/invalid"
)

// check reports the first fault of a Config with its defaults filled in.
func (c Config) check() error {
	s, ok := settingsOf(c.Name)
	if !ok {
		return &invalid.Error{Field: "Loss.Name", Found: fmt.Sprintf("%q", c.Name),
			Want: "one of " + strings.Join(Names(), ", ")}
	}
	if classes := (invalid.Range{Low: 2, High: MaxClasses}); !classes.Contains(float64(c.Classes)) {
		return &invalid.Error{
			Field: "Loss.Classes", Found: count(c.Classes, "class", "classes"), Want: classes.String(),
			Hint: "check how classes are made of labels ({Data.LabelRegex}, {Data.Bins})",
		}
	}
	if c.Ground.Matrix != nil && !s.matrix {
		return &invalid.Error{
			Field: "Loss.Ground", Found: "a matrix with {Loss.Name} " + c.Name,
			Want: "a loss that uses one: " + strings.Join(namesWith(func(s settings) bool { return s.matrix }), ", "),
			Hint: "leave out {Loss.Ground} or choose another {Loss.Name}",
		}
	}
	if err := c.Ground.check(c.Classes); err != nil {
		return err
	}
	for _, p := range Parameters() {
		v, field := *p.value(&c), "Loss."+p.Field
		switch used := p.used(s, c.Ground); {
		case !used && v != 0:
			return &invalid.Error{
				Field: field, Found: fmt.Sprintf("%v with {Loss.Name} %s", v, c.Name), Want: "{Loss.Name} " + p.losses,
				Hint: "leave out {" + field + "}",
			}
		case used && !p.Range.Contains(v):
			return &invalid.Error{Field: field, Found: fmt.Sprint(v), Want: p.Range.String()}
		}
	}
	return c.checkScale(s)
}

// maxNumber bounds positions, distances and parameters, so that no product of two overflows float32.
const maxNumber = 1e15

// checkScale reports parameters that are too large or small for the distances that they are used with.
func (c Config) checkScale(s settings) error {
	if s.powers(c.Ground) {
		if largest := math.Pow(c.Ground.largest(), c.Omega); !(largest <= maxNumber) {
			return &invalid.Error{
				Field: "Loss.Omega", Found: fmt.Sprintf("%v, which makes the largest distance %.3g", c.Omega, largest),
				Want: fmt.Sprintf("at most %g", float64(maxNumber)), Hint: "lower it or scale the matrix down",
			}
		}
	}
	if s.gamma {
		// Beyond, float64 has too few digits for the exponents γD, or for the distances beside the entropy.
		const low, high = 1e-6, 1e5
		if product := c.Gamma * c.Ground.largest(); !(product >= low && product <= high) {
			return &invalid.Error{
				Field: "Loss.Gamma", Found: fmt.Sprintf("%v, which times the largest distance is %.3g", c.Gamma, product),
				Want: fmt.Sprintf("%g to %g", float64(low), float64(high)),
			}
		}
	}
	return nil
}

// sumTolerance is how far a target's sum may be from one: the rounding of float32 and of printed fractions.
const sumTolerance = 1e-5

// checkDistribution returns an error unless target is a distribution over k classes.
func checkDistribution[T Float](target []T, k int) error {
	if len(target) != k {
		return &invalid.Error{
			Field: "Target", Found: count(len(target), "class", "classes"),
			Want: fmt.Sprint(k),
		}
	}
	var sum float64
	for i, t := range target {
		if !(t >= 0) || !finite(float64(t)) {
			return &invalid.Error{
				Field: "Target", Found: fmt.Sprintf("%v for class %d", t, i),
				Want: "a share from 0 to 1",
			}
		}
		sum += float64(t)
	}
	if math.Abs(sum-1) > sumTolerance {
		return &invalid.Error{
			Field: "Target", Found: fmt.Sprintf("shares that sum to %.6g", sum), Want: "1",
			Hint: "divide votes by their number",
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
