package suggest

import (
	"fmt"
	"slices"
	"testing"
)

func names(list []Candidate) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Path)
	}
	return out
}

func candidate(path string, doubt float64, place ...float32) Candidate {
	return Candidate{Suggestion: Suggestion{Path: path, Doubt: doubt}, Place: place}
}

func TestChoose(t *testing.T) {
	// Two bursts of near copies and two images apart: the typical gap lies between the gaps of bursts and those of
	// the others.
	list := []Candidate{
		candidate(
			"a1",
			0.9,
			0,
			0,
		), candidate("a2", 0.8, 0, 0.01), candidate("b1", 0.7, 5, 0), candidate("b2", 0.6, 5, 0.01),
		candidate("c", 0.5, 0, 7), candidate("d", 0.4, 5, 7), candidate("e", 0.3, 9, 3), candidate("sure", 0, 20, 20),
	}
	for _, c := range []struct {
		n    int
		want []string
	}{
		{1, []string{"a1"}},
		{3, []string{"a1", "b1", "c"}},
		{7, []string{"a1", "b1", "c", "d", "e", "sure", "a2"}}, // too few are left, so a copy follows
		{20, []string{"a1", "b1", "c", "d", "e", "sure", "a2", "b2"}},
	} {
		if got := names(Choose(list, c.n)); !slices.Equal(got, c.want) {
			t.Errorf("%d: %v, not %v", c.n, got, c.want)
		}
	}
	if got := Choose(nil, 3); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}

// The shortlist must hold what sorting everything would put first, equal ones in the order in which they came.
func TestShortlist(t *testing.T) {
	s := newShortlist(10)
	var all []Candidate
	for i := range 500 {
		c := candidate(fmt.Sprint(i), float64(i*7919%97))
		all = append(all, c)
		if s.takes(c.Doubt) {
			s.add(c)
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate) int { return int(b.Doubt - a.Doubt) })
	if got, want := names(s.sorted()), names(all[:10]); !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}
