package source

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"finetune/invalid"
)

// maxExpanded bounds how many names a pattern with braces may stand for.
const maxExpanded = 100_000

// expandBraces returns the names that a pattern stands for: {000..127} counts, with as many digits as the bounds
// are written with, and {a,b} lists. Braces may stand in each other and several times. Braces that are neither are
// part of the name, as in a shell.
func expandBraces(pattern string) ([]string, error) {
	var names []string
	for name := range braces(pattern) {
		if len(names) == maxExpanded {
			return nil, &invalid.Error{Path: pattern, Found: "braces that stand for too many names",
				Want: fmt.Sprintf("at most %d", maxExpanded)}
		}
		names = append(names, name)
	}
	return names, nil
}

// braces yields the expansions of a pattern in order.
func braces(pattern string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for open := strings.IndexByte(pattern, '{'); open >= 0; {
			if end := closing(pattern, open); end >= 0 {
				if choices := alternatives(pattern[open+1 : end]); choices != nil {
					expandChoices(pattern[:open], choices, pattern[end+1:], yield)
					return
				}
			}
			next := strings.IndexByte(pattern[open+1:], '{')
			if next < 0 {
				break
			}
			open += 1 + next
		}
		yield(pattern)
	}
}

func expandChoices(prefix string, choices iter.Seq[string], suffix string, yield func(string) bool) {
	for choice := range choices {
		for tail := range braces(suffix) {
			if !yield(prefix + choice + tail) {
				return
			}
		}
	}
}

// closing returns the place of the brace that closes the one at open, or -1.
func closing(pattern string, open int) int {
	depth := 0
	for i := open; i < len(pattern); i++ {
		switch pattern[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// alternatives returns what the text between braces stands for, or nil where it is plain text.
func alternatives(inner string) iter.Seq[string] {
	if from, to, ok := strings.Cut(inner, ".."); ok && !strings.ContainsAny(inner, ",{}") {
		return counted(from, to)
	}
	parts := commas(inner)
	if len(parts) < 2 {
		return nil
	}
	return func(yield func(string) bool) {
		for _, part := range parts {
			for name := range braces(part) {
				if !yield(name) {
					return
				}
			}
		}
	}
}

// counted yields the numbers between two, up or down.
func counted(from, to string) iter.Seq[string] {
	a, errA := strconv.ParseUint(from, 10, 31)
	b, errB := strconv.ParseUint(to, 10, 31)
	if errA != nil || errB != nil {
		return nil
	}
	digits := 1
	if from[0] == '0' || to[0] == '0' {
		digits = max(len(from), len(to))
	}
	return func(yield func(string) bool) {
		for n := a; yield(fmt.Sprintf("%0*d", digits, n)) && n != b; {
			if a < b {
				n++
			} else {
				n--
			}
		}
	}
}

// commas cuts at the commas outside of inner braces.
func commas(inner string) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(inner) {
		switch inner[i] {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				parts, start = append(parts, inner[start:i]), i+1
			}
		}
	}
	return append(parts, inner[start:])
}
