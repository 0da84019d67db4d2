package main

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable escapes what a terminal acts on instead of showing it: control characters but line ends and tabs, invisible formatting
// such as a change of direction, and bytes that aren't UTF-8. Names of files, tensors and classes come from strangers.
func printable(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for i, width := 0, 0; i < len(text); i += width {
		r, n := utf8.DecodeRuneInString(text[i:])
		width = n
		if part := text[i : i+n]; hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteToGraphic(part), `"`))
		} else {
			b.WriteString(part)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	return r != '\n' && r != '\t' && (r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}

// A printableWriter writes text for a terminal.
type printableWriter struct{ w io.Writer }

func (p printableWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(p.w, printable(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
