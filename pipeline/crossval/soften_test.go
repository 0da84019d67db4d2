package crossval

import (
	"math"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestSoftening(t *testing.T) {
	for text, c := range map[string]struct {
		want  [3]float64 // shares of the label 1, and of its neighbours
		wrong string
	}{
		"none":           {[3]float64{0, 1, 0}, ""},
		"":               {[3]float64{0, 1, 0}, ""},
		"binomial":       {[3]float64{0.25, 0.5, 0.25}, ""},
		"triangular":     {[3]float64{2. / 9, 5. / 9, 2. / 9}, ""},
		"triangular:0.5": {[3]float64{0, 1, 0}, ""},
		"exponential":    {[3]float64{1 / (2 + math.E), math.E / (2 + math.E), 1 / (2 + math.E)}, ""},
		"exponential:0.5": {[3]float64{1 / (2 + math.E*math.E), math.E * math.E / (2 + math.E*math.E),
			1 / (2 + math.E*math.E)}, ""},
		"exponential:":   {wrong: "a number of classes above 0 after the colon"},
		"triangular:0":   {wrong: "above 0 after the colon"},
		"exponential:-1": {wrong: "a width above 0"},
		"triangular:NaN": {wrong: "a width above 0"},
		"binomial:2":     {wrong: "binomial alone"},
		"none:1":         {wrong: "expected none, binomial"},
		"gauss":          {wrong: `"gauss"; expected none, binomial`},
	} {
		s, err := ParseSoftening(text)
		if c.wrong != "" {
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%q: %v, want %q", text, err, c.wrong)
			}
			continue
		}
		got := make([]float32, 3)
		s.Target(got, 1)
		for j, want := range c.want {
			if err != nil || math.Abs(float64(got[j])-want) > 1e-6 {
				t.Errorf("%q: %v, want %v (%v)", text, got, c.want, err)
				break
			}
		}
	}
	for _, s := range []Softening{{"gauss", 0}, {"", 1}, {"binomial", 1}, {"triangular", -1}} {
		if s.Check() == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
}
