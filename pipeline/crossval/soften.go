package crossval

import (
	"fmt"
	"strconv"
	"strings"

	"finetune/invalid"
	"finetune/loss"
)

// A Softening replaces one-hot training targets by unimodal distributions around the label (ordinal label smoothing).
// The zero value keeps one-hot targets. It changes neither votes nor the labels that metrics use.
type Softening struct {
	Function string `json:"function"` // "", binomial, triangular or exponential: functions of package loss
	// in classes: triangular's half width, 0 is 1.5; exponential's tau (with power 1), 0 is 1
	Width float64 `json:"width"`
}

// softenings holds the default width of each function; 0 for a function without a width.
var softenings = map[string]float64{"binomial": 0, "triangular": 1.5, "exponential": 1}

// ParseSoftening parses "none", "binomial", "triangular[:WIDTH]" or "exponential[:WIDTH]". The error is an
// *invalid.Error.
func ParseSoftening(text string) (Softening, error) {
	name, width, has := strings.Cut(text, ":")
	standard, known := softenings[name]
	switch {
	case !has && (name == "" || name == "none"):
		return Softening{}, nil
	case !known:
		return Softening{}, &invalid.Error{Field: "Soften", Found: strconv.Quote(text),
			Want: "none, binomial, triangular[:WIDTH] or exponential[:WIDTH]"}
	case !has:
		return Softening{name, standard}, nil
	}
	v, err := strconv.ParseFloat(width, 64)
	if err != nil || v == 0 {
		return Softening{}, &invalid.Error{Field: "Soften", Found: strconv.Quote(text),
			Want: "a number of classes above 0 after the colon"}
	}
	s := Softening{name, v}
	return s, s.Check()
}

// Resolved returns s with the default width if it has none.
func (s Softening) Resolved() Softening {
	if s.Width == 0 {
		s.Width = softenings[s.Function]
	}
	return s
}

// Check returns an *invalid.Error for an unknown function or an invalid width.
func (s Softening) Check() error {
	standard, known := softenings[s.Function]
	switch {
	case s.Function == "" && s.Width == 0:
		return nil
	case !known:
		return &invalid.Error{Field: "Soften", Found: strconv.Quote(s.Function),
			Want: "none, binomial, triangular or exponential"}
	case standard == 0 && s.Width != 0:
		return &invalid.Error{Field: "Soften", Found: fmt.Sprintf("%s:%g", s.Function, s.Width), Want: s.Function +
			" alone: its width follows from the number of classes"}
	case standard != 0 && !(s.Resolved().Width > 0 && s.Width <= loss.MaxClasses):
		return &invalid.Error{Field: "Soften", Found: fmt.Sprintf("%s:%g", s.Function, s.Width),
			Want: "a width above 0, in classes"}
	}
	return nil
}

// Target writes the target distribution of a label to dst, K values.
func (s Softening) Target(dst []float32, label int) {
	switch s = s.Resolved(); s.Function {
	case "binomial":
		loss.Binomial(dst, label)
	case "triangular":
		loss.Triangular(dst, label, s.Width)
	case "exponential":
		loss.Exponential(dst, label, s.Width, 1)
	default:
		loss.OneHot(dst, label)
	}
}
