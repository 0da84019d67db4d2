package crossval

import (
	"fmt"
	"strconv"
	"strings"

	"finetune/invalid"
	"finetune/loss"
)

// A Softening spreads a label over the classes around it before a head learns from it; the zero value leaves it where it is. Votes
// stay as they are, and figures are always measured on the labels themselves.
type Softening struct {
	Function string  `json:"function"` // "", binomial, triangular or exponential: see the functions of those names in package loss
	Width    float64 `json:"width"`    // in classes: triangular's half width, 0 is 1.5; exponential's tau (with power 1), 0 is 1
}

// The functions, and the width that each has unless another is given; 0 is for one that has none.
var softenings = map[string]float64{"binomial": 0, "triangular": 1.5, "exponential": 1}

// ParseSoftening reads none, binomial, triangular or exponential, the last two with :WIDTH where it isn't the usual one. The
// error is a *invalid.Error.
func ParseSoftening(text string) (Softening, error) {
	name, width, has := strings.Cut(text, ":")
	usual, known := softenings[name]
	switch {
	case !has && (name == "" || name == "none"):
		return Softening{}, nil
	case !known:
		return Softening{}, &invalid.Error{Field: "Soften", Found: strconv.Quote(text), Want: "none, binomial, triangular[:WIDTH] or exponential[:WIDTH]"}
	case !has:
		return Softening{name, usual}, nil
	}
	v, err := strconv.ParseFloat(width, 64)
	if err != nil || v == 0 {
		return Softening{}, &invalid.Error{Field: "Soften", Found: strconv.Quote(text), Want: "a number of classes above 0 after the colon"}
	}
	s := Softening{name, v}
	return s, s.Check()
}

// resolved has the usual width where none is given.
func (s Softening) Resolved() Softening {
	if s.Width == 0 {
		s.Width = softenings[s.Function]
	}
	return s
}

func (s Softening) Check() error {
	usual, known := softenings[s.Function]
	switch {
	case s.Function == "" && s.Width == 0:
		return nil
	case !known:
		return &invalid.Error{Field: "Soften", Found: strconv.Quote(s.Function), Want: "none, binomial, triangular or exponential"}
	case usual == 0 && s.Width != 0:
		return &invalid.Error{Field: "Soften", Found: fmt.Sprintf("%s:%g", s.Function, s.Width), Want: s.Function + " alone: its width follows from the number of classes"}
	case usual != 0 && !(s.Resolved().Width > 0 && s.Width <= loss.MaxClasses):
		return &invalid.Error{Field: "Soften", Found: fmt.Sprintf("%s:%g", s.Function, s.Width), Want: "a width above 0, in classes"}
	}
	return nil
}

// target writes the target of a label.
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
