package main

import (
	"strconv"
	"strings"
)

// nearest returns the candidate that a misspelt word most likely means, "" where none is near: at most a third of its letters
// differ.
func nearest(word string, candidates []string) string {
	best, least := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		if d := editDistance(word, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b (optimal string
// alignment).
func editDistance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows = [3][]int{last, row, before}
	}
	return rows[1][len(b)]
}

// suggestion proposes a value for one that isn't among those expected: both are read from the parts of an error.
func suggestion(found, want string) string {
	word := strings.Trim(found, `"`)
	if _, err := strconv.ParseFloat(word, 64); word == found || err == nil || strings.ContainsAny(word, " \t") {
		return "" // not a quoted word
	}
	candidates := strings.FieldsFunc(strings.TrimPrefix(want, "one of "), func(r rune) bool { return r == ',' || r == ' ' || r == ':' })
	near := nearest(word, candidates)
	if near == "" || near == word || near == "or" {
		return ""
	}
	return "did you mean " + near + "?"
}
