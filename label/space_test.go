package label

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestNew(t *testing.T) {
	many := make([]string, MaxClasses+1)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	for _, c := range []struct {
		name    string
		classes []string
		values  []float64
		wrong   string
	}{
		{"plain", []string{"a", "b"}, nil, ""},
		{"with values", []string{"a", "b"}, []float64{-1, 2.5}, ""},
		{"the most", many[:MaxClasses], nil, ""},
		{"too many", many, nil, "1001"},
		{"none", nil, nil, "2 to 1000"},
		{"twice", []string{"a", "a"}, nil, `"a" twice`},
		{"twice in other forms", []string{"\u00e9", "e\u0301"}, nil, "twice"},
		{"empty name", []string{"a", ""}, nil, "isn't empty"},
		{"a line break", []string{"a", "b\nc"}, nil, "control"},
		{"not UTF-8", []string{"a", "\xff"}, nil, "UTF-8"},
		{"long name", []string{"a", strings.Repeat("b", 256)}, nil, "255 bytes"},
		{"too few values", []string{"a", "b"}, []float64{1}, "1 values for 2 classes"},
		{"equal values", []string{"a", "b"}, []float64{1, 1}, `1 for class "b"`},
		{"not a number", []string{"a", "b"}, []float64{1, math.NaN()}, "NaN"},
		{"infinite", []string{"a", "b"}, []float64{1, math.Inf(1)}, "Inf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(c.classes, c.values)
			if c.wrong != "" {
				if !invalid.Is(err) || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("%v; want a mistake with %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.Len() != len(c.classes) || !slices.Equal(s.Classes(), c.classes) || !slices.Equal(s.Values(), c.values) {
				t.Errorf("%v %v", s.Classes(), s.Values())
			}
			for i, name := range c.classes {
				if got, ok := s.Index(name); !ok || got != i || s.Class(i) != name {
					t.Errorf("class %q has index %d, %v", name, got, ok)
				}
			}
		})
	}
}

func TestSpaceIsImmutable(t *testing.T) {
	classes, values := []string{"a", "b"}, []float64{1, 2}
	s, err := New(classes, values)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := New([]string{"a", "b"}, []float64{1, 2})
	classes[0], values[0] = "x", 9
	s.Classes()[0], s.Values()[0] = "x", 9
	if _, err := s.WithValues([]float64{5, 6}); err != nil || !s.Equal(want) {
		t.Errorf("changed to %v %v (%v)", s.Classes(), s.Values(), err)
	}
	if _, ok := s.Index("x"); ok {
		t.Error("an unknown class was found")
	}
}

func TestBins(t *testing.T) {
	for _, c := range []struct {
		edges   []float64
		classes []string
		of      map[float64]int
		below   float64
	}{
		{[]float64{0, 3, 7, 13, 20, 33, 44, 60}, []string{"0-2", "3-6", "7-12", "13-19", "20-32", "33-43", "44-59", "60+"},
			map[float64]int{0: 0, 2: 0, 2.9: 0, 3: 1, 59: 6, 60: 7, 116: 7}, -1},
		{[]float64{0, 1, 2}, []string{"0", "1", "2+"}, map[float64]int{0: 0, 1: 1, 2: 2, 7: 2}, -.5},
		{[]float64{-5, 0, 5}, []string{"-5--1", "0-4", "5+"}, map[float64]int{-5: 0, -1: 0, 0: 1}, -6},
		{[]float64{0, 0.5, 1.25}, []string{"[0,0.5)", "[0.5,1.25)", ">=1.25"}, map[float64]int{0.49: 0, 0.5: 1, 1.25: 2},
			-1},
	} {
		s, err := Bins(c.edges)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Classes(), c.classes) || !slices.Equal(s.Edges(), c.edges) {
			t.Errorf("%v: %q, edges %v", c.edges, s.Classes(), s.Edges())
		}
		inferred, err := Infer(c.classes)
		if err != nil || !slices.Equal(inferred.Values(), s.Values()) || !slices.Equal(inferred.Classes(), c.classes) {
			t.Errorf("%v: values %v, by name %v (%v)", c.edges, s.Values(), inferred.Values(), err)
		}
		for x, want := range c.of {
			if got, err := s.BinOf(x); err != nil || got != want {
				t.Errorf("%v is in class %d (%v), want %d", x, got, err, want)
			}
		}
		for _, x := range []float64{c.below, math.NaN(), math.Inf(1), math.Inf(-1)} {
			if got, err := s.BinOf(x); !invalid.Is(err) {
				t.Errorf("%v was put into class %d", x, got)
			}
		}
	}
	for _, edges := range [][]float64{nil, {1}, {1, 1}, {2, 1}, {0, math.NaN()}, make([]float64, MaxClasses+1)} {
		if s, err := Bins(edges); !invalid.Is(err) {
			t.Errorf("edges %v gave %q", edges[:min(3, len(edges))], s.Classes())
		}
	}
	plain, _ := New([]string{"a", "b"}, nil)
	if _, err := plain.BinOf(1); !invalid.Is(err) {
		t.Error("a space without edges has bins")
	}
}

func TestJSON(t *testing.T) {
	plain, _ := New([]string{"a", "b"}, nil)
	valued, _ := New([]string{"a", "b"}, []float64{1, 2})
	binned, _ := Bins([]float64{0, 3, 7})
	for _, c := range []struct {
		space Space
		want  string
	}{
		{plain, `{"classes":["a","b"]}`},
		{valued, `{"classes":["a","b"],"values":[1,2]}`},
		{binned, `{"classes":["0-2","3-6","7+"],"values":[1,4.5,8.5],"edges":[0,3,7]}`},
	} {
		b, err := json.Marshal(c.space)
		if err != nil || string(b) != c.want {
			t.Errorf("%s (%v), want %s", b, err, c.want)
		}
		var back Space
		if err := json.Unmarshal(b, &back); err != nil || !back.Equal(c.space) {
			t.Errorf("%s read back as %v (%v)", b, back.Classes(), err)
		}
	}
	for _, bad := range []string{`[]`, `{}`, `{"classes":["a"]}`, `{"classes":["a","a"]}`,
		`{"classes":["a","b"],"values":[2,1]}`,
		`{"classes":["a","b"],"values":[1]}`, `{"classes":["a","b"],"edges":[1,2,3]}`,
		`{"classes":["a","b"],"edges":[2,1]}`, `{"classes":["a",""]}`} {
		back := plain
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read", bad)
		} else if !back.Equal(plain) {
			t.Errorf("%s left %v", bad, back.Classes())
		}
	}
	if plain.Equal(valued) || valued.Equal(binned) || !valued.Equal(valued) {
		t.Error("Equal")
	}
}

// FuzzJSON checks that whatever is read is a space by the rules of New and is written back to itself.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"classes":["a","b"]}`))
	f.Add([]byte(`{"classes":["0-2","3+"],"values":[1,4],"edges":[0,3]}`))
	f.Add([]byte(`{"classes":["a","b"],"values":[1e400,2]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Space
		if json.Unmarshal(b, &s) != nil || s.Len() == 0 { // JSON null changes nothing
			return
		}
		if _, err := New(s.Classes(), s.Values()); err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Space
		if err := json.Unmarshal(out, &back); err != nil || !back.Equal(s) {
			t.Fatalf("%s came back as %v (%v)", out, back, err)
		}
	})
}

func TestParseList(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string // nil for a mistake
	}{
		{"a,b,c", []string{"a", "b", "c"}},
		{" very bad , bad,good ", []string{"very bad", "bad", "good"}},
		{"(0, 2),(4, 6),[8,12)", []string{"(0, 2)", "(4, 6)", "[8,12)"}},
		{`"a, b","say ""no""",c`, []string{"a, b", `say "no"`, "c"}},
		{"a(b,c", []string{"a(b", "c"}},
		{"größer,kleiner", []string{"größer", "kleiner"}},
		{"", nil},
		{"a,,b", nil},
		{"a,", nil},
		{`"a`, nil},
		{`"a"b,c`, nil},
	} {
		got, err := ParseList(c.in)
		if !slices.Equal(got, c.want) || (c.want == nil) != invalid.Is(err) {
			t.Errorf("%q: %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

// FuzzParseList checks that the line to paste means the names it was made of, for any names.
func FuzzParseList(f *testing.F) {
	f.Add("a", "b")
	f.Add("(0, 2)", `say "no", twice`)
	f.Add("a(b", "c)d")
	f.Add("it's", " padded ")
	f.Fuzz(func(t *testing.T, a, b string) {
		if _, err := ParseList(a); err != nil && !invalid.Is(err) {
			t.Fatal(err)
		}
		if _, err := New([]string{a, b}, nil); err != nil {
			return
		}
		list := strings.TrimPrefix(orderOption([]string{a, b}), "{Data.Order} ")
		if strings.HasPrefix(list, "'") {
			list = strings.ReplaceAll(list[1:len(list)-1], `'\''`, "'")
		}
		got, err := ParseList(list)
		slices.Sort(got)
		want := []string{a, b}
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q read as %q (%v), want %q", list, got, err, want)
		}
	})
}
