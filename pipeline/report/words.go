package report

import (
	"fmt"
	"strconv"
	"strings"

	"finetune/pipeline/metrics"
)

// A unit says how a figure is written.
type unit int

const (
	plain   unit = iota
	percent      // of a share
)

// nbsp is a space that doesn't break.
const nbsp = "\u00a0"

// number writes a figure, "–" where it isn't defined.
func (u unit) number(v metrics.Number) string {
	if u == percent && v.Defined() {
		return strconv.FormatFloat(100*float64(v), 'f', 1, 64) + nbsp + "%"
	}
	return minus(v.String())
}

// interval writes an interval, "–" where it isn't defined.
func (u unit) interval(at [2]metrics.Number) string {
	if !at[0].Defined() || !at[1].Defined() {
		return "–"
	}
	return strings.TrimSuffix(u.number(at[0]), nbsp+"%") + nbsp + "–" + nbsp + u.number(at[1])
}

// round writes a figure for a sentence, to two decimals.
func round(v metrics.Number) string {
	if !v.Defined() {
		return "–"
	}
	return minus(strconv.FormatFloat(float64(v), 'f', 2, 64))
}

// minus writes the sign of a negative number as typographers do.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// count writes "1 image" or "12 images".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// quoted writes a class name in a sentence.
func quoted(class string) string { return "“" + class + "”" }

// decimals writes a number with two decimals at most.
func decimals(v float64) string {
	return minus(strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), "."))
}

// px writes a coordinate to a tenth of a pixel.
func px(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// short writes a number with as many digits as a label has room for.
func short(v float64) string { return minus(strconv.FormatFloat(v, 'g', 4, 64)) }
