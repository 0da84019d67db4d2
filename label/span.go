package label

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A span is what a numeric class name means: the numbers from lo to hi. An end that is open doesn't belong to
// it; a single number has lo = hi.
type span struct {
	lo, hi         float64
	loOpen, hiOpen bool
}

const decimal = `[+-]?(?:\d+(?:\.\d*)?|\.\d+)`

var (
	oneNumber = regexp.MustCompile(`^` + decimal + `$`)
	fromTo    = regexp.MustCompile(`^(` + decimal + `)\s*(?:-|–|—|_|\.\.|\sto\s)\s*(` + decimal + `)$`)
	bracketed = regexp.MustCompile(`^([(\[])\s*(` + decimal + `|-inf)\s*[,;]\s*(` + decimal + `|\+?inf)\s*([)\]])$`)
	andUp     = regexp.MustCompile(`^(` + decimal + `)\s*\+$`)
	bounded   = regexp.MustCompile(`^(<=|<|>=|>|≤|≥)\s*(` + decimal + `)$`)
	worded    = regexp.MustCompile(`^(?i)(more than|over|above|less than|under|below)\s+(` + decimal + `)$`)
)

// boundOf are the signs for the words of worded.
var boundOf = map[string]string{
	"more than": ">",
	"over":      ">",
	"above":     ">",
	"less than": "<",
	"under":     "<",
	"below":     "<",
}

// parseSpan reads a class name as a number or a range of numbers. Round brackets on both sides are a tuple as
// Adience writes it, with both ends in; next to a square one they leave their end out.
func parseSpan(name string) (span, bool) {
	name = strings.TrimSpace(name)
	if len(name) > MaxName {
		return span{}, false
	}
	if oneNumber.MatchString(name) {
		return closed(name, name)
	}
	if m := fromTo.FindStringSubmatch(name); m != nil {
		return closed(m[1], m[2])
	}
	if m := bracketed.FindStringSubmatch(name); m != nil {
		s, ok := closed(m[2], m[3])
		if m[1] == "[" || m[4] == "]" {
			s.loOpen, s.hiOpen = m[1] == "(", m[4] == ")"
		}
		if s.lo == s.hi && (s.loOpen || s.hiOpen) || math.IsInf(s.lo, -1) && math.IsInf(s.hi, 1) {
			return span{}, false
		}
		return s, ok
	}
	if m := andUp.FindStringSubmatch(name); m != nil {
		return closed(m[1], "inf")
	}
	if m := worded.FindStringSubmatch(name); m != nil {
		name = boundOf[strings.ToLower(m[1])] + m[2]
	}
	if m := bounded.FindStringSubmatch(name); m != nil {
		if strings.HasPrefix(m[1], "<") || m[1] == "≤" {
			s, ok := closed("-inf", m[2])
			s.hiOpen = m[1] == "<"
			return s, ok
		}
		s, ok := closed(m[2], "inf")
		s.loOpen = m[1] == ">"
		return s, ok
	}
	return span{}, false
}

// Number reads a class name that is a single number, such as "3", "03" or "-1.5".
func Number(name string) (float64, bool) {
	name = strings.TrimSpace(name)
	if len(name) > MaxName || strings.Trim(name, "+-.0123456789") != "" {
		return 0, false // without the exponents and words that ParseFloat reads
	}
	x, err := strconv.ParseFloat(name, 64)
	return x, err == nil
}

// numbersOf returns the class of each single number among classes, where every class is a number or a range; else
// nil.
func numbersOf(classes []string) map[float64]int {
	numbers := make(map[float64]int)
	for i, name := range classes {
		if _, ok := parseSpan(name); !ok {
			return nil
		}
		x, ok := Number(name)
		if _, twice := numbers[x]; ok && !twice {
			numbers[x] = i
		}
	}
	return numbers
}

// MergeNumbers returns names without those that spell a number again: of "0", "0.0" and "00" it keeps the shortest,
// in the place of the first. Names that aren't all numbers or ranges are returned as they are.
func MergeNumbers(names []string) []string {
	place := make(map[float64]int)
	var merged []string
	for _, name := range names {
		if _, ok := parseSpan(name); !ok {
			return names
		}
		x, isNumber := Number(name)
		i, known := place[x]
		switch {
		case isNumber && known:
			if old := merged[i]; len(name) < len(old) || len(name) == len(old) && name < old {
				merged[i] = name
			}
			continue
		case isNumber:
			place[x] = len(merged)
		}
		merged = append(merged, name)
	}
	return merged
}

// closed reads both ends. A range that runs backwards, as in the date "2020-01", is none.
func closed(lo, hi string) (span, bool) {
	var s span
	var err1, err2 error
	s.lo, err1 = strconv.ParseFloat(lo, 64)
	s.hi, err2 = strconv.ParseFloat(hi, 64)
	return s, err1 == nil && err2 == nil && s.lo <= s.hi
}

// overlaps reports whether t, which doesn't sort before s, begins inside it. Ranges may share an end; a single
// number may not be the end of a range that includes it.
func (s span) overlaps(t span) bool {
	if s.hi != t.lo {
		return s.hi > t.lo
	}
	single := s.lo == s.hi || t.lo == t.hi
	return single && !s.hiOpen && !t.loOpen
}
