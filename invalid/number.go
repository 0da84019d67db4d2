package invalid

import (
	"math"
	"strconv"
)

// A Number declares a numeric option. The job that has it checks its field with [Number.Check]; a program that reads the option from
// text refuses with [Number.Wrong] what Range doesn't contain. So both accept the same numbers.
type Number struct {
	Field string // its Go name, as in [Error]
	Range
	Whole bool // it has no fraction

	// Auto is the field's value that leaves the choice to the job, mostly 0, and AutoIs what the job then chooses: "all cores". In
	// text it is a word, never the number, which a user may have meant. Where AutoIs is "", there is no such value.
	Auto   float64
	AutoIs string
}

// Values describes the numbers: "a whole number from 1 to 64", "above 0 and at most 1".
func (n Number) Values() string {
	low, high := strconv.FormatFloat(n.Low, 'f', -1, 64), strconv.FormatFloat(n.High, 'f', -1, 64)
	switch {
	case !n.Whole:
		return n.Range.String()
	case n.High >= unmentioned:
		return "a whole number from " + low + " up"
	}
	return "a whole number from " + low + " to " + high
}

// Check returns an [Error] for a value of the field that is neither in the range nor Auto.
func (n Number) Check(v float64) error {
	if n.Contains(v) && (!n.Whole || v == math.Trunc(v)) || n.AutoIs != "" && v == n.Auto {
		return nil
	}
	return n.Wrong(plain(v), plain(n.Auto))
}

// Wrong returns the error for a value that isn't one of the option. auto is how Auto is written.
func (n Number) Wrong(found, auto string) *Error {
	e := &Error{Field: n.Field, Found: found, Want: n.Values()}
	if n.AutoIs != "" {
		e.Want += ", or " + auto + ": " + n.AutoIs
	}
	return e
}

// plain writes a number without an exponent where it has few digits.
func plain(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e18 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
