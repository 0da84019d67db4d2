package label

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"finetune/invalid"
)

// ParseList reads a list of class names: names with commas between them. A comma inside brackets belongs to the
// name, so (0, 2),(4, 6),[8,12) are three; a name in double quotes is taken as it stands, with "" for a quote.
// Space around a name is dropped. An unclosed quote or an empty name is a *invalid.Error.
func ParseList(s string) ([]string, error) {
	wrong := func(found string) ([]string, error) {
		return nil, &invalid.Error{
			Field: "Data.Order",
			Found: found,
			Want:  "class names with commas between them, lowest first",
		}
	}
	var names []string
	for rest, more := s, true; more; {
		var name string
		rest = strings.TrimLeft(rest, " ")
		if strings.HasPrefix(rest, `"`) {
			end := closingQuote(rest)
			if end < 0 {
				return wrong("a quote that isn't closed")
			}
			name = strings.ReplaceAll(rest[1:end], `""`, `"`)
			rest = strings.TrimLeft(rest[end+1:], " ")
			if rest != "" && rest[0] != ',' {
				return wrong(fmt.Sprintf("%q after a closing quote", rest))
			}
			rest, more = strings.CutPrefix(rest, ",")
		} else {
			end := endOfName(rest)
			name, more = strings.TrimSpace(rest[:end]), end < len(rest)
			if more {
				rest = rest[end+1:]
			}
		}
		if name == "" {
			return wrong("an empty name")
		}
		names = append(names, name)
	}
	return names, nil
}

// closingQuote finds the quote that closes the one at s[0], past doubled ones, or -1.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return i
	}
	return -1
}

// endOfName finds the first comma outside brackets, or the end. A bracket that is never closed guards nothing.
func endOfName(s string) int {
	open := -1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[':
			if open < 0 && strings.ContainsAny(s[i:], ")]") {
				open = i
			}
		case ')', ']':
			open = -1
		case ',':
			if open < 0 {
				return i
			}
		}
	}
	return len(s)
}

var (
	plainWord = regexp.MustCompile(`^[\p{L}\p{N}_.,+:/@%-]+$`)
	digits    = regexp.MustCompile(`\d+`)
)

// orderOption returns an option to paste into a shell: the names in natural order ("grade 2" before "grade 10"), each
// written so that ParseList reads it back.
func orderOption(names []string) string {
	names = slices.Clone(names)
	slices.SortFunc(
		names,
		func(a, b string) int { return cmp.Or(cmp.Compare(natural(a), natural(b)), cmp.Compare(a, b)) },
	)
	names = slices.Compact(names)
	for i, name := range names {
		if !keepsWhole(name) {
			names[i] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	list := strings.Join(names, ",")
	if !plainWord.MatchString(list) {
		list = "'" + strings.ReplaceAll(list, "'", `'\''`) + "'"
	}
	return "{Data.Order} " + list
}

// keepsWhole reports whether ParseList takes the name as one without quotes, whatever stands beside it.
func keepsWhole(name string) bool {
	if !strings.ContainsAny(name, `,"()[]`) {
		return strings.TrimSpace(name) == name
	}
	got, err := ParseList(name)
	return err == nil && len(got) == 1 && got[0] == name && bracketed.MatchString(name)
}

// natural returns a key under which numbers inside names sort by value.
func natural(name string) string {
	return digits.ReplaceAllStringFunc(name, func(d string) string {
		d = strings.TrimLeft(d, "0")
		return fmt.Sprintf("%04d%s", len(d), d)
	})
}

// sample names the first few of names, for a message: ` "a", "b" and 3 more`, with a space before.
func sample(names []string) string {
	const most = 5
	var b strings.Builder
	for i, name := range names[:min(most, len(names))] {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %q", name)
	}
	if len(names) > most {
		fmt.Fprintf(&b, " and %d more", len(names)-most)
	}
	return b.String()
}

// underOrder turns an error of the classes into one of the option that lists them.
func underOrder(err error) error {
	var m *invalid.Error
	if errors.As(err, &m) {
		c := *m
		c.Field = "Data.Order"
		return &c
	}
	return err
}
