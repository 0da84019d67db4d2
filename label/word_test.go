package label

import (
	"slices"
	"testing"
)

func TestInferWithAWord(t *testing.T) {
	for _, c := range []struct {
		word           string
		names, classes []string
		values         []float64
	}{
		{"Grade", []string{"Grade 10", "Grade 2", "grade 0"}, []string{"grade 0", "Grade 2", "Grade 10"},
			[]float64{0, 2, 10}},
		{"level", []string{"level-2", "level-1", "level-3"}, []string{"level-1", "level-2", "level-3"}, []float64{1, 2, 3}},
		{"temp", []string{"temp 5", "temp -5", "temp 0"}, []string{"temp -5", "temp 0", "temp 5"}, []float64{-5, 0, 5}},
		{"stage", []string{"stage IV", "stage I", "stage III", "stage II"},
			[]string{"stage I", "stage II", "stage III", "stage IV"}, []float64{1, 2, 3, 4}},
		{"stage", []string{"stage_ix", "stage_v"}, []string{"stage_v", "stage_ix"}, []float64{5, 9}},
		{"", []string{"IV", "II", "I", "III"}, []string{"I", "II", "III", "IV"}, []float64{1, 2, 3, 4}},
		{"star", []string{"2 stars", "1 star", "10 stars"}, []string{"1 star", "2 stars", "10 stars"}, []float64{1, 2, 10}},
		{"T", []string{"T2", "T0", "T1"}, []string{"T0", "T1", "T2"}, []float64{0, 1, 2}},
		{"years", []string{"60+ years", "0-2 years", "3-59 years"}, []string{"0-2 years", "3-59 years", "60+ years"}, nil},
		{"KL grade", []string{"KL grade 3", "KL grade 0"}, []string{"KL grade 0", "KL grade 3"}, []float64{0, 3}},
	} {
		s, err := Infer(c.names)
		if err != nil {
			t.Errorf("%q: %v", c.names, err)
			continue
		}
		if !slices.Equal(s.Classes(), c.classes) || c.values != nil && !slices.Equal(s.Values(), c.values) {
			t.Errorf("%q: %q %v, want %q %v", c.names, s.Classes(), s.Values(), c.classes, c.values)
		}
	}
	for _, names := range [][]string{
		{"T1 early", "T2 late"}, {"grade 1", "level 2"}, {"stage I", "stage V"}, {"class C", "class D"},
		{"grade 1", "grade two"},
		{"1a", "1b"}, {"2020-01", "2020-02"}, {"stage IIX", "stage II"}, {"a", "b"},
	} {
		if s, err := Infer(names); err == nil {
			t.Errorf("%q was ordered as %q", names, s.Classes())
		}
	}
}

func TestCommonWord(t *testing.T) {
	for _, c := range []struct {
		names []string
		word  string
	}{
		{[]string{"Grade 1", "grade 0"}, "Grade"}, {[]string{"stage II", "stage I"}, "stage"},
		{[]string{"30 days", "7 days"}, "day"},
		{[]string{"1", "2"}, ""}, {[]string{"I", "II"}, ""}, {[]string{"young", "old"}, ""}, {nil, ""},
	} {
		if word, ok := CommonWord(c.names); word != c.word || ok != (c.word != "") {
			t.Errorf("%q: %q, %v; want %q", c.names, word, ok, c.word)
		}
	}
}

func TestNumbersSpeltDifferently(t *testing.T) {
	if got, want := MergeNumbers([]string{"1.0", "0.0", "00", "2", "0", "1"}), []string{"1", "0", "2"}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("merged to %q, want %q", got, want)
	}
	if words := []string{"0", "0.0", "none"}; !slices.Equal(MergeNumbers(words), words) {
		t.Error("names beside a word were merged")
	}
	numbers, _ := Infer([]string{"0", "1", "2+"})
	for name, want := range map[string]int{"0.0": 0, "00": 0, "01": 1, "1.": 1, "2.0": -1, "": -1, "one": -1, "0-0": -1} {
		if got, ok := numbers.Index(name); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q is class %d, %v; want %d", name, got, ok, want)
		}
	}
	words, _ := New([]string{"1", "other"}, nil)
	if _, ok := words.Index("1.0"); ok {
		t.Error("1.0 is the class 1 of a space of words")
	}
}
