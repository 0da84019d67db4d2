package label

import (
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestInfer(t *testing.T) {
	for _, c := range []struct {
		name    string
		names   []string
		classes []string
		values  []float64
	}{
		{"numbers by value", []string{"1", "10", "100", "2"}, []string{"1", "2", "10", "100"}, []float64{1, 2, 10, 100}},
		{"negative and decimal", []string{"0", "-1.5", "+2", ".5"}, []string{"-1.5", "0", ".5", "+2"},
			[]float64{-1.5, 0, .5, 2}},
		{"ranges with an open top", []string{"60+", "0-2", "3-6", "48-59"}, []string{"0-2", "3-6", "48-59", "60+"},
			[]float64{1, 4.5, 53.5, 65.5}},
		{"Adience", []string{"(25, 32)", "(0, 2)", "(4, 6)", "(60, 100)"},
			[]string{"(0, 2)", "(4, 6)", "(25, 32)", "(60, 100)"}, []float64{1, 5, 28.5, 80}},
		{"half-open", []string{"[3,7)", "[0,3)", ">=7"}, []string{"[0,3)", "[3,7)", ">=7"}, []float64{1.5, 5, 9}},
		{"pandas", []string{"(2.5, inf]", "(0.0, 2.5]", "(-inf, 0.0]"}, []string{"(-inf, 0.0]", "(0.0, 2.5]", "(2.5, inf]"},
			[]float64{-1.25, 1.25, 3.75}},
		{"underscores", []string{"10_20", "5_9"}, []string{"5_9", "10_20"}, []float64{7, 15}},
		{"other dashes and words", []string{"3–5", "0 to 2", "6..8", "9 — 11"}, []string{"0 to 2", "3–5", "6..8", "9 — 11"},
			[]float64{1, 4, 7, 10}},
		{"negative ranges", []string{"-5--1", "0-5"}, []string{"-5--1", "0-5"}, []float64{-3, 2.5}},
		{"shared ends", []string{"0-10", "10-20", "20-30"}, []string{"0-10", "10-20", "20-30"}, []float64{5, 15, 25}},
		{"open ends beside ranges", []string{"<5", "5-9", "≥10"}, []string{"<5", "5-9", "≥10"}, []float64{3, 7, 12}},
		{"inclusive open ends beside numbers", []string{"0", "1", "2+"}, []string{"0", "1", "2+"}, []float64{0, 1, 2}},
		{"exclusive open ends beside numbers", []string{"<2", "2", "4", "6", ">6"}, []string{"<2", "2", "4", "6", ">6"},
			[]float64{0, 2, 4, 6, 8}},
		{"two open ends", []string{">=5", "<5"}, []string{"<5", ">=5"}, []float64{4, 5}},
		{"two open ends, bound below", []string{">5", "<=5"}, []string{"<=5", ">5"}, []float64{5, 6}},
		{"a range of one", []string{"5-5", "6-8"}, []string{"5-5", "6-8"}, []float64{5, 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Infer(c.names)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Classes(); !slices.Equal(got, c.classes) {
				t.Errorf("classes %q, want %q", got, c.classes)
			}
			if got := s.Values(); !slices.Equal(got, c.values) {
				t.Errorf("values %v, want %v", got, c.values)
			}
			// The order of the names given must not matter.
			back := slices.Clone(c.names)
			slices.Reverse(back)
			if r, err := Infer(back); err != nil || !r.Equal(s) {
				t.Errorf("reversed: %v, %v", r.Classes(), err)
			}
		})
	}
}

func TestInferRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		names []string
		want  string
	}{
		{"words", []string{"young", "old"}, "Data.Order old,young"},
		{"one word among numbers", []string{"1", "2", "unknown"}, `"unknown" is neither`},
		{"natural order in the line to paste", []string{"grade 10 x", "grade 2 y", "grade 1 x"},
			"Data.Order 'grade 1 x,grade 2 y,grade 10 x'"},
		{"names with commas", []string{"a, b", "c"}, `Data.Order '"a, b",c'`},
		{"names with quotes", []string{`it's`, `"x"`}, `Data.Order '"""x""",it'\''s'`},
		{"dates run backwards as ranges", []string{"2020-01", "2020-02"}, "Data.Order"},
		{"the same number twice", []string{"1", "01", "2"}, `"01" and "1", which overlap`},
		{"overlapping ranges", []string{"0-5", "4-9"}, "overlap"},
		{"a number at the end of a range", []string{"0-5", "5"}, "overlap"},
		{"a number in an open end", []string{"5", "<=5"}, "overlap"},
		{"two open tops", []string{"5+", "10+"}, "overlap"},
		{"one class", []string{"3"}, "classes: 1"},
		{"no class", nil, "classes: 0"},
		{"a number too large", []string{"1", strings.Repeat("9", 400)}, "neither"},
		{"not a number", []string{"NaN", "1"}, "neither"},
		{"an exponent", []string{"1e3", "1"}, "neither"},
		{"everything", []string{"(-inf, inf)", "1"}, "neither"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Infer(c.names)
			if err == nil {
				t.Fatalf("accepted as %q", s.Classes())
			}
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want a mistake with %q", err, c.want)
			}
		})
	}
}

func TestWithOrder(t *testing.T) {
	for _, c := range []struct {
		name         string
		names, order []string
		values       []float64
		wrong        string
	}{
		{"words", []string{"old", "young"}, []string{"young", "old"}, nil, ""},
		{"numbers in their order", []string{"10", "9"}, []string{"9", "10"}, []float64{9, 10}, ""},
		{"numbers in another order", []string{"9", "10"}, []string{"10", "9"}, nil, ""},
		{"a class that the data lacks", []string{"a", "c"}, []string{"a", "b", "c"}, nil, ""},
		{"another normal form", []string{"e\u0301lan", "z"}, []string{"\u00e9lan", "z"}, nil, ""},
		{"a missing class", []string{"a", "b", "c"}, []string{"a", "b"}, nil, `no place for the class "c"`},
		{"a misspelt class", []string{"young", "old"}, []string{"yuong", "old"}, nil,
			`no place for the class "young", and the data has no class "yuong"`},
		{"a class twice", []string{"a", "b"}, []string{"a", "b", "a"}, nil, `Data.Order: "a" twice`},
		{"one class", []string{"a"}, []string{"a"}, nil, "Data.Order: 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := WithOrder(c.names, c.order)
			if c.wrong != "" {
				if !invalid.Is(err) || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("%v; want a mistake with %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.Classes(), c.order) || !slices.Equal(s.Values(), c.values) {
				t.Errorf("%q %v", s.Classes(), s.Values())
			}
		})
	}
}

// FuzzInfer holds Infer to what it promises of any names: an order by value, values inside the classes'
// neighbours, and an error rather than a panic.
func FuzzInfer(f *testing.F) {
	f.Add("0-2", "60+", "(25, 32)")
	f.Add("<5", ">=5", "5")
	f.Add("-1.5", "01", "1")
	f.Add("[0,3)", "(3,inf]", "young")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		s, err := Infer([]string{a, b, c})
		if err != nil {
			if !invalid.Is(err) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("not a mistake on one line: %v", err)
			}
			return
		}
		if s.Len() != 3 {
			t.Fatalf("%d classes", s.Len())
		}
		if v := s.Values(); v != nil && firstNotIncreasing(v) >= 0 {
			t.Fatalf("values %v of %q", v, s.Classes())
		}
		again, err := WithOrder([]string{c, a, b}, s.Classes())
		if err != nil || !again.Equal(s) {
			t.Fatalf("the inferred order given as Data.Order: %v, %v", again.Classes(), err)
		}
	})
}
