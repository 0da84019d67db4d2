package metrics

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

// setsInput has four items of the classes 0, 0, 1 and 3 of four.
func setsInput(t *testing.T) Input {
	in := Input{Space: space(t, 4, nil), Labels: []int{0, 0, 1, 3}, Low: []int{0, 1, 0, 3}, High: []int{1, 1, 3, 3},
		Coverage: 0.9, Resamples: -1}
	for range in.Labels {
		in.Probabilities = append(in.Probabilities, 0.25, 0.25, 0.25, 0.25)
	}
	return in
}

func TestSets(t *testing.T) {
	r, err := Evaluate(setsInput(t))
	if err != nil {
		t.Fatal(err)
	}
	s := r.Sets
	if s.TargetCoverage != 0.9 || s.Coverage != 0.75 || s.Width != 2 ||
		!reflect.DeepEqual(s.Widths, []int{2, 1, 0, 1}) {
		t.Errorf("coverage %v of %v, width %v, widths %v; want 0.75 of 0.9, 2, [2 1 0 1]", s.Coverage,
			s.TargetCoverage, s.Width, s.Widths)
	}
	if s.Interval != Wilson(3, 4) {
		t.Errorf("interval %v, want %v", s.Interval, Wilson(3, 4))
	}
	for i, want := range []ClassSets{{"c0", 2, 0.5, Wilson(1, 2), 1.5}, {"c1", 1, 1, Wilson(1, 1), 4}, {},
		{"c3", 1, 1, Wilson(1, 1), 1}} {
		if i != 2 && s.PerClass[i] != want {
			t.Errorf("class %d: %+v, want %+v", i, s.PerClass[i], want)
		}
	}
	if c := s.PerClass[2]; c.N != 0 || c.Coverage.Defined() || c.Width.Defined() {
		t.Errorf("a class without items: %+v", c)
	}
	in := setsInput(t)
	in.Low, in.High = nil, nil
	if r, err := Evaluate(in); err != nil || r.Sets != nil {
		t.Errorf("without sets: %v, %v", r.Sets, err)
	}
}

// Where all images of a group are covered or none, their number mustn't make the interval narrow.
func TestSetsIntervalByGroup(t *testing.T) {
	in := Input{Space: space(t, 2, nil), Coverage: 0.8}
	const groups, size = 20, 50
	for g := range groups {
		for range size {
			in.Labels = append(in.Labels, 0)
			in.Low = append(in.Low, map[bool]int{true: 1, false: 0}[g%5 == 0])
			in.High = append(in.High, 1)
			in.Groups = append(in.Groups, fmt.Sprint(g))
			in.Probabilities = append(in.Probabilities, 0.5, 0.5)
		}
	}
	r, err := Evaluate(in)
	if err != nil {
		t.Fatal(err)
	}
	at, want := r.Sets.Interval, 2*1.96*math.Sqrt(0.8*0.2/groups)
	if width := float64(at[1] - at[0]); r.Sets.Coverage != 0.8 || math.Abs(width-want) > 0.1 {
		t.Errorf("coverage %v, interval %v; want 0.8 and a width of about %.2f", r.Sets.Coverage, at, want)
	}
	for i := range in.Groups {
		in.Groups[i] = "one"
	}
	if r, err = Evaluate(in); err != nil || r.Sets.Interval[0].Defined() {
		t.Errorf("of a single group: %v, %v", r.Sets.Interval, err)
	}
}

func TestSetsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*Input){
		"ends of prediction sets": func(in *Input) { in.High = in.High[1:] },
		"coverage 1":              func(in *Input) { in.Coverage = 1 },
		"coverage NaN":            func(in *Input) { in.Coverage = math.NaN() },
		"the classes 2 to 1":      func(in *Input) { in.Low[2], in.High[2] = 2, 1 },
		"the classes 0 to 4":      func(in *Input) { in.High[0] = 4 },
	} {
		in := setsInput(t)
		spoil(&in)
		if _, err := Evaluate(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestByName(t *testing.T) {
	r, err := Evaluate(setsInput(t))
	if err != nil {
		t.Fatal(err)
	}
	figures := reflect.TypeFor[Figures]()
	for i := range figures.NumField() {
		name := figures.Field(i).Tag.Get("json")
		m, ok := ByName(name)
		if !ok || m.Name != name {
			t.Fatalf("no metric %q", name)
		}
		value := Number(reflect.ValueOf(r.Figures).Field(i).Float())
		if got := m.Of(&r.Figures); got != value && got.Defined() {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
	if _, ok := ByName("f1"); ok {
		t.Error("a metric of an unknown name")
	}
}

func TestBetter(t *testing.T) {
	mae, _ := ByName("mae")
	qwk, _ := ByName("qwk")
	nan := Number(math.NaN())
	for _, c := range []struct {
		m    Metric
		a, b Number
		want bool
	}{{mae, 1, 2, true}, {mae, 2, 1, false}, {mae, 1, 1, false}, {qwk, 2, 1, true}, {qwk, 1, 2, false},
		{qwk, 1, 1, false}, {mae, 1, nan, true}, {mae, nan, 1, false}, {mae, nan, nan, false}} {
		if got := c.m.Better(c.a, c.b); got != c.want {
			t.Errorf("%s: %v is better than %v: %v", c.m.Name, c.a, c.b, got)
		}
	}
}
