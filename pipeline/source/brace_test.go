package source

import (
	"iter"
	"slices"
	"strings"
	"testing"
)

func TestExpandBraces(t *testing.T) {
	for pattern, want := range map[string]string{
		"a":                   "a",
		"":                    "",
		"s-{008..011}.tar":    "s-008.tar s-009.tar s-010.tar s-011.tar",
		"{3..1}":              "3 2 1",
		"{08..10}":            "08 09 10",
		"{7..7}":              "7",
		"{a,b}/{1..2}":        "a/1 a/2 b/1 b/2",
		"x{a,,b{1,2}c}y":      "xay xy xb1cy xb2cy",
		"{x}{1,2}":            "{x}1 {x}2",
		"{{1..2},z}":          "1 2 z",
		"{{1,2}}":             "{1} {2}",
		"{a":                  "{a",
		"}{":                  "}{",
		"{a..b}":              "{a..b}",
		"{-1..2}":             "{-1..2}",
		"{1..99999999999999}": "{1..99999999999999}",
		"{a,b":                "{a,b",
		"{{a,b}":              "{a {b",
	} {
		got, err := expandBraces(pattern)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, %v; want %q", pattern, got, err, want)
		}
	}
	for _, pattern := range []string{"{0..100000}", strings.Repeat("{0..9}", 9), strings.Repeat("{a,b}", 40)} {
		if _, err := expandBraces(pattern); err == nil {
			t.Errorf("%s: no error", pattern)
		}
	}
}

// FuzzExpandBraces holds that a pattern stands for at least one name, the same ones each time, and that text outside of
// braces is in all of them.
func FuzzExpandBraces(f *testing.F) {
	for _, p := range []string{"a{b,c}d", "{01..3}{x,{y,z}}", "{{{", "{,}", "}..{,}{"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		if len(pattern) > 100 {
			return
		}
		names, again := first(1000, braces(pattern)), first(1000, braces(pattern))
		if len(names) == 0 || !slices.Equal(names, again) {
			t.Fatalf("%q and %q", names, again)
		}
		head, _, braced := strings.Cut(pattern, "{")
		for _, n := range names {
			if !strings.HasPrefix(n, head) || !braced && n != pattern {
				t.Fatalf("%q of %q", n, pattern)
			}
		}
	})
}

func first(n int, all iter.Seq[string]) []string {
	var names []string
	for name := range all {
		if names = append(names, name); len(names) == n {
			break
		}
	}
	return names
}
