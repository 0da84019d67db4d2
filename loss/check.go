package loss

import (
	"fmt"
	"math"
	"strings"

	"finetune/invalid"
)

// check reports the first fault of a Config with its defaults filled in, under the name of its flag.
func (c Config) check() error {
	s, ok := settingsOf(c.Name)
	if !ok {
		return &invalid.Error{Field: "--loss", Found: fmt.Sprintf("%q", c.Name), Want: oneOf(Names())}
	}
	if c.Classes < 2 || c.Classes > MaxClasses {
		return &invalid.Error{
			Field: "--loss " + c.Name, Found: count(c.Classes, "class", "classes"), Want: fmt.Sprintf("2 to %d", MaxClasses),
			Hint: "look at how labels became classes (--label-regex, --bins)",
		}
	}
	if c.Ground.Matrix != nil && !s.matrix {
		return &invalid.Error{
			Field: "--ground-distance", Found: "a matrix with --loss " + c.Name,
			Want: "a loss that uses one: " + strings.Join(namesWith(func(s settings) bool { return s.matrix }), ", "),
			Hint: "leave out --ground-distance or choose another --loss",
		}
	}
	if err := c.Ground.check(c.Classes); err != nil {
		return err
	}
	powers := s.powers(c.Ground)
	const matrixLosses = "emd2 or xemd2 and a --ground-distance matrix"
	for _, n := range []struct {
		flag  string
		value float64
		used  bool
		user  string
		ok    bool
		want  string
	}{
		{"--emd-weight", c.Lambda, s.lambda, XEMD2, c.Lambda > 0, "a number above 0"},
		{"--emd-omega", c.Omega, powers, matrixLosses, c.Omega > 0, "a number above 0"},
		{"--emd-mu", c.Mu, powers, matrixLosses, true, "a number"},
		{"--emd-exponent", c.Exponent, s.exponent, EMD, c.Exponent >= 1, "a number of at least 1"},
		{"--sinkhorn-gamma", c.Gamma, s.gamma, Sinkhorn, c.Gamma > 0, "a number above 0"},
	} {
		switch {
		case !n.used && n.value != 0:
			return &invalid.Error{
				Field: n.flag, Found: fmt.Sprintf("%v with --loss %s", n.value, c.Name), Want: "--loss " + n.user,
				Hint: "leave out " + n.flag,
			}
		case n.used && (!n.ok || !(math.Abs(n.value) <= maxNumber)):
			return &invalid.Error{Field: n.flag, Found: fmt.Sprint(n.value), Want: n.want}
		}
	}
	return c.checkScale(s)
}

// maxNumber bounds positions, distances and settings, so that no product of two overflows float32.
const maxNumber = 1e15

// checkScale reports settings that are fine alone and too large or small for the distances they go with.
func (c Config) checkScale(s settings) error {
	if s.powers(c.Ground) {
		if largest := math.Pow(c.Ground.largest(), c.Omega); !(largest <= maxNumber) {
			return &invalid.Error{
				Field: "--emd-omega", Found: fmt.Sprintf("%v, which makes the largest distance %.3g", c.Omega, largest),
				Want: fmt.Sprintf("at most %g", float64(maxNumber)), Hint: "lower it or scale the matrix down",
			}
		}
	}
	if s.gamma {
		// Beyond, float64 has too few digits for the exponents γD, or for the distances beside the entropy.
		const least, most = 1e-6, 1e5
		if product := c.Gamma * c.Ground.largest(); !(product >= least && product <= most) {
			return &invalid.Error{
				Field: "--sinkhorn-gamma", Found: fmt.Sprintf("%v, which times the largest distance is %.3g", c.Gamma, product),
				Want: fmt.Sprintf("%g to %g", float64(least), float64(most)),
			}
		}
	}
	return nil
}

// sumTolerance is how far a target's sum may be from one: the rounding of float32 and of printed fractions.
const sumTolerance = 1e-5

// checkDistribution reports why target isn't a distribution over k classes.
func checkDistribution[T Float](target []T, k int) error {
	if len(target) != k {
		return &invalid.Error{
			Field: "target", Found: count(len(target), "class", "classes"),
			Want: fmt.Sprint(k),
		}
	}
	var sum float64
	for i, t := range target {
		if !(t >= 0) || !finite(float64(t)) {
			return &invalid.Error{
				Field: "target", Found: fmt.Sprintf("%v for class %d", t, i),
				Want: "a share from 0 to 1",
			}
		}
		sum += float64(t)
	}
	if math.Abs(sum-1) > sumTolerance {
		return &invalid.Error{
			Field: "target", Found: fmt.Sprintf("shares that sum to %.6g", sum), Want: "1", Hint: "divide votes by their number",
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func oneOf(names []string) string { return "one of " + strings.Join(names, ", ") }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
