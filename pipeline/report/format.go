package report

import (
	"fmt"
	"strconv"
	"strings"

	"finetune/pipeline/metrics"
)

// A unit is a number format.
type unit int

const (
	plain   unit = iota
	percent      // for shares
)

// nbsp is a no-break space.
const nbsp = "\u00a0"

// number formats a value, "–" if it isn't defined.
func (u unit) number(v metrics.Number) string {
	if u == percent && v.Defined() {
		return strconv.FormatFloat(100*float64(v), 'f', 1, 64) + nbsp + "%"
	}
	return minus(v.String())
}

// interval formats an interval, "–" if it isn't defined.
func (u unit) interval(at [2]metrics.Number) string {
	if !at[0].Defined() || !at[1].Defined() {
		return "–"
	}
	return strings.TrimSuffix(u.number(at[0]), nbsp+"%") + nbsp + "–" + nbsp + u.number(at[1])
}

// round formats a value with two decimals.
func round(v metrics.Number) string {
	if !v.Defined() {
		return "–"
	}
	return minus(strconv.FormatFloat(float64(v), 'f', 2, 64))
}

// minus replaces the hyphen of a negative number by a minus sign.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// count returns "1 image" or "12 images".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// quoted returns a class name in quotes.
func quoted(class string) string { return "“" + class + "”" }

// decimals formats a number with at most two decimals.
func decimals(v float64) string {
	return minus(strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), "."))
}

// px formats a coordinate to a tenth of a pixel.
func px(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// short formats a number with four significant digits.
func short(v float64) string { return minus(strconv.FormatFloat(v, 'g', 4, 64)) }
