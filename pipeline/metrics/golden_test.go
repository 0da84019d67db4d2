package metrics

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"finetune/label"
)

// golden.json is made by testdata/make_golden.py from scikit-learn, scipy and dlordinal.
type goldenCase struct {
	Name              string
	K                 int
	Labels            []int
	Predicted         []int
	Probabilities     [][]float64
	Targets           [][]float64
	Values            []float64
	Figures           map[string]*float64
	Confusion         [][]int
	Precision, Recall []*float64
	Support           []int
}

func TestGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Cases []goldenCase }
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 10 {
		t.Fatalf("%d golden cases", len(golden.Cases))
	}
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

func (c goldenCase) check(t *testing.T) {
	in := Input{Space: space(t, c.K, c.Values), Labels: c.Labels, Predicted: c.Predicted,
		Probabilities: slices.Concat(c.Probabilities...), Targets: slices.Concat(c.Targets...), Resamples: 20}
	r, err := Evaluate(in)
	if err != nil {
		t.Fatal(err)
	}
	got := jsonOf(t, r)
	for name, want := range c.Figures {
		agree(t, name, got[name], want)
	}
	if len(c.Figures) < 13 {
		t.Errorf("only %d figures compared", len(c.Figures))
	}
	if c.Values == nil && got["mae_units"] != nil {
		t.Errorf("mae_units %v of classes without values", got["mae_units"])
	}
	if !reflect.DeepEqual(r.Confusion, c.Confusion) {
		t.Errorf("confusion %v, want %v", r.Confusion, c.Confusion)
	}
	for i, class := range r.PerClass {
		if class.Support != c.Support[i] {
			t.Errorf("class %d: support %d, want %d", i, class.Support, c.Support[i])
		}
		agree(t, "precision of class "+class.Class, jsonNumber(class.Precision), c.Precision[i])
		agree(t, "recall of class "+class.Class, jsonNumber(class.Recall), c.Recall[i])
	}
}

// agree compares what JSON holds with the expected number, or null.
func agree(t *testing.T, name string, got any, want *float64) {
	t.Helper()
	g, ok := got.(float64)
	switch {
	case want == nil && got != nil:
		t.Errorf("%s = %v, want null", name, got)
	case want != nil && (!ok || math.Abs(g-*want) > 1e-12*math.Max(1, math.Abs(*want))):
		t.Errorf("%s = %v, want %v", name, got, *want)
	}
}

func jsonNumber(x Number) any {
	if !x.Defined() {
		return nil
	}
	return float64(x)
}

func jsonOf(t *testing.T, r Report) map[string]any {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// space has classes "c0", "c1", … and the given values, or none.
func space(t testing.TB, k int, values []float64) label.Space {
	t.Helper()
	names := make([]string, k)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	s, err := label.New(names, values)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
