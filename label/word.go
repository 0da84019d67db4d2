package label

import (
	"regexp"
	"strings"
	"unicode"
)

// A worded name is a number or range with a word before or after it, or with one on both sides.
type wordedName struct{ before, number, after string }

// CommonWord returns the word that all names share beside a number or range, such as "grade" of "Grade 0" and "grade
// 4", or "stage" of "stage II" and "stage IV". Infer orders such names by the number.
func CommonWord(names []string) (string, bool) {
	_, word, ok := wordedSpans(names)
	return word, ok && word != ""
}

// wordedSpans reads names that are a number or range beside a word that they share. Roman numerals count up to XXXIX;
// they need no word, but one that is longer than a letter must be among them.
func wordedSpans(names []string) (spans []span, word string, ok bool) {
	for _, split := range []func([]string) ([]wordedName, bool){splitArabic, splitRoman} {
		parts, isSplit := split(names)
		if !isSplit {
			continue
		}
		spans = spans[:0]
		for _, p := range parts {
			s, isSpan := parseSpan(p.number)
			if !isSpan || !strings.EqualFold(p.before, parts[0].before) || !strings.EqualFold(p.after, parts[0].after) {
				break
			}
			spans = append(spans, s)
		}
		if len(spans) == len(names) {
			return spans, strings.TrimSpace(parts[0].before + " " + parts[0].after), true
		}
	}
	return nil, "", false
}

const separators = " _.:#-–—\t"

// splitArabic cuts names before the first sign of a number and after the last. A plural s of the word after it is
// dropped, so that "1 star" and "2 stars" share theirs.
func splitArabic(names []string) ([]wordedName, bool) {
	parts := make([]wordedName, len(names))
	anyWord, minus := false, true
	for i, name := range names {
		begin := strings.IndexFunc(
			name,
			func(r rune) bool { return unicode.IsDigit(r) || strings.ContainsRune("<>≤≥([", r) },
		)
		end := strings.LastIndexFunc(
			name,
			func(r rune) bool { return unicode.IsDigit(r) || strings.ContainsRune("+)]", r) },
		)
		if begin < 0 || end < begin {
			return nil, false
		}
		if before := name[:begin]; strings.HasSuffix(before, "-") && strings.TrimLeft(before, separators) == "" {
			return nil, false // a negative number without a word before it
		}
		minus = minus && strings.HasSuffix(name[:begin], "-") && !strings.HasSuffix(name[:begin], " -")
		after := strings.Trim(name[end+1:], separators)
		if len(after) > 1 {
			after = strings.TrimSuffix(after, "s")
		}
		parts[i] = wordedName{strings.Trim(name[:begin], separators), name[begin : end+1], after}
		anyWord = anyWord || parts[i].before != "" || after != ""
	}
	if !anyWord {
		return nil, false
	}
	if !minus { // a hyphen before some of the numbers, or after a space, is a sign
		for i, name := range names {
			if begin := strings.Index(name, parts[i].number); strings.HasSuffix(name[:begin], "-") {
				parts[i].number = "-" + parts[i].number
			}
		}
	}
	return parts, true
}

var (
	romanName = regexp.MustCompile(`^(.*?)[ _.:#-]*\b([IVX]+|[ivx]+)$`)
	romanForm = regexp.MustCompile(`^X{0,3}(IX|IV|V?I{0,3})$`)
)

// splitRoman cuts roman numerals from the ends of names and writes them as digits.
func splitRoman(names []string) ([]wordedName, bool) {
	parts := make([]wordedName, len(names))
	long := false
	for i, name := range names {
		m := romanName.FindStringSubmatch(strings.ReplaceAll(name, "_", " "))
		if m == nil || !romanForm.MatchString(strings.ToUpper(m[2])) {
			return nil, false
		}
		long = long || len(m[2]) > 1
		parts[i] = wordedName{before: strings.Trim(m[1], separators), number: number(roman(strings.ToUpper(m[2])))}
	}
	return parts, long
}

// roman returns the value of a numeral of I, V and X.
func roman(s string) float64 {
	value := map[byte]float64{'I': 1, 'V': 5, 'X': 10}
	var sum float64
	for i := range len(s) {
		v := value[s[i]]
		if i+1 < len(s) && value[s[i+1]] > v {
			v = -v
		}
		sum += v
	}
	return sum
}
