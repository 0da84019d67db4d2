package main

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain\ttext\n":          "plain\ttext\n",
		"Größe 7 × 7 – 日本":       "Größe 7 × 7 – 日本",
		"\x1b[2J\x1b]0;title\a":  `\x1b[2J\x1b]0;title\a`,
		"a\rb\x00\x7f":           `a\rb\x00\x7f`,
		"\u009b31m":              `\u009b31m`,
		"right\u202eleft\u200b.": `right\u202eleft\u200b.`,
		"\xff.png":               `\xff.png`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		var b strings.Builder
		if n, err := (printableWriter{&b}).Write([]byte(text)); n != len(text) || err != nil || b.String() != want {
			t.Errorf("%q written: %d, %v, %q", text, n, err, b.String())
		}
	}
}
