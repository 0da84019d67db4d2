package label

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"finetune/invalid"
)

// Infer returns the space of names that carry their own order: numbers ("3", "-1.5"), ranges ("0-2", "10_20", "3..5",
// "4 to 6", "(25, 32)", "[0,3)"), open ends ("60+", ">=80", "<5", "more than 70"), any of these beside a word that
// all names share ("Grade 0", "level-2", "30 days"), and roman numerals with or without such a word ("stage IV").
// They are sorted by what they mean, not by spelling, and each class gets a value: a number itself, a range its
// midpoint. An open end lies as far beyond its bound as its neighbour's midpoint lies inside its own range; beside a
// single number it is the bound itself, or, where the bound is left out ("<5", ">5"), one step further.
//
// Names of any other kind ("young", "T1 early") have an order that only the user knows: the *invalid.Error names
// Data.Order, with a line to paste. Two names that mean the same ("1" and "01") and ranges that overlap are errors as
// well; ranges that share an end ("0-10", "10-20") are not.
func Infer(names []string) (Space, error) {
	if len(names) < MinClasses || len(names) > MaxClasses {
		return New(names, nil) // which returns the error
	}
	spans, err := spansOf(names)
	if err != nil {
		return Space{}, err
	}
	type class struct {
		name string
		span span
	}
	classes := make([]class, len(names))
	for i, name := range names {
		classes[i] = class{name, spans[i]}
	}
	slices.SortStableFunc(classes, func(a, b class) int {
		return cmp.Or(cmp.Compare(a.span.lo, b.span.lo), cmp.Compare(a.span.hi, b.span.hi), cmp.Compare(a.name, b.name))
	})
	sorted := make([]string, len(classes))
	for i, c := range classes {
		sorted[i], spans[i] = c.name, c.span
		if i > 0 && classes[i-1].span.overlaps(c.span) {
			return Space{}, &invalid.Error{
				Field: "classes",
				Found: fmt.Sprintf("%q and %q, which overlap", classes[i-1].name, c.name),
				Want:  "numbers or ranges apart from each other",
				Hint:  "merge or rename them, or give the order: " + orderOption(names),
			}
		}
	}
	values := midpoints(spans)
	if firstNotIncreasing(values) >= 0 {
		// Only numbers near the limits of float64 get here; their order is right all the same.
		values = nil
	}
	return New(sorted, values)
}

// spansOf reads what each name means.
func spansOf(names []string) ([]span, error) {
	spans := make([]span, len(names))
	for i, name := range names {
		var ok bool
		if spans[i], ok = parseSpan(name); ok {
			continue
		}
		if worded, _, ok := wordedSpans(names); ok {
			return worded, nil
		}
		return nil, &invalid.Error{
			Field: "Data.Order",
			Found: fmt.Sprintf("the class name %q is neither a number nor a range, "+
				"so the order of the classes is unknown", name),
			Want: "all classes, lowest first",
			Hint: "put these in order: " + orderOption(names),
		}
	}
	return spans, nil
}

// WithOrder returns the space of the classes in the order that the user gave, lowest first. Every one of names, the
// classes that the data has, must be in order; a class of order that the data lacks is kept, since it was asked for
// by name. Values are those of Infer where it finds the given order; otherwise there are none. A class without a
// place is a *invalid.Error that names it.
func WithOrder(names, order []string) (Space, error) {
	ordered, err := New(order, nil)
	if err != nil {
		return Space{}, underOrder(err)
	}
	var missing []string
	present := make(map[int]bool, len(names))
	for _, name := range names {
		if i, ok := ordered.Index(name); ok {
			present[i] = true
		} else if !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		found := "no place for the class" + sample(missing)
		if extra := ordered.without(present); len(extra) > 0 {
			found += ", and the data has no class" + sample(extra)
		}
		return Space{}, &invalid.Error{
			Field: "Data.Order",
			Found: found,
			Want:  "every class of the data once, lowest first",
			Hint:  "the data has these: " + orderOption(names),
		}
	}
	if inferred, err := Infer(order); err == nil && slices.Equal(inferred.classes, ordered.classes) {
		return inferred, nil
	}
	return ordered, nil
}

// without returns the classes that aren't in the set.
func (s Space) without(set map[int]bool) []string {
	var rest []string
	for i, name := range s.classes {
		if !set[i] {
			rest = append(rest, name)
		}
	}
	return rest
}

// midpoints returns the value of each of the sorted spans; see Infer for the rule.
func midpoints(spans []span) []float64 {
	values := make([]float64, len(spans))
	for i, s := range spans {
		values[i] = s.lo/2 + s.hi/2
	}
	n := len(spans)
	if top := spans[n-1]; math.IsInf(top.hi, 1) {
		values[n-1] = top.lo
		if n > 1 {
			values[n-1] += beyond(top.loOpen, spans[n-2], spans[max(n-3, 0)])
		}
	}
	if low := spans[0]; math.IsInf(low.lo, -1) {
		values[0] = low.hi
		if n > 1 {
			values[0] -= beyond(low.hiOpen, spans[1], spans[min(2, n-1)])
		}
	}
	return values
}

// beyond is how far the value of an open class lies from its bound, given whether the bound itself is left out, the
// class next to it and the one after that (or the same, where there is none).
func beyond(boundOpen bool, next, after span) float64 {
	if width := next.hi - next.lo; width > 0 && !math.IsInf(width, 0) {
		return width / 2
	}
	if !boundOpen {
		return 0
	}
	// The gap between the two, whichever is the lower.
	step := max(next.lo-after.hi, after.lo-next.hi)
	if step > 0 && !math.IsInf(step, 0) {
		return step
	}
	return 1
}
