package calibration_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"finetune/loss"
	"finetune/pipeline/calibration"
)

// golden.json is made by testdata/make_golden.py from scipy and numpy.
type golden struct {
	Temperatures []struct {
		Name, Rule       string
		Logits           []float32
		Targets          []float64
		Outputs, Classes int
		Temperature      float64
		Before, After    float64
	}
	Sets []struct {
		Name           string
		Classes, Units int
		Coverage       float64
		Probabilities  []float32
		Labels, Starts []int
		Groups         []string
		Scores         []float64
		Threshold      float64
		Low, High      []int
	}
	Expected [][5]float64
}

func readGolden(t *testing.T) golden {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Temperatures) < 6 || len(g.Sets) < 6 || len(g.Expected) < 6 {
		t.Fatalf("%d temperatures, %d sets, %d ranges", len(g.Temperatures), len(g.Sets), len(g.Expected))
	}
	return g
}

// ruleOf returns how a loss makes probabilities of logits.
func ruleOf(t testing.TB, name string, classes int) func(logits, probs []float64) {
	t.Helper()
	if name == "softmax" {
		name = loss.CrossEntropy
	}
	l, err := loss.New[float64](loss.Config{Name: name, Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	return l.Probabilities
}

func TestTemperatureGolden(t *testing.T) {
	for _, c := range readGolden(t).Temperatures {
		l := calibration.Logits{Values: c.Logits, Outputs: c.Outputs, Targets: c.Targets, Classes: c.Classes,
			Rule: ruleOf(t, c.Rule, c.Classes)}
		got, err := calibration.FitTemperature(l)
		if err != nil || math.Abs(got/c.Temperature-1) > 1e-6 {
			t.Errorf("%s: temperature %v, %v; want %v", c.Name, got, err, c.Temperature)
		}
		for _, at := range [][2]float64{{1, c.Before}, {c.Temperature, c.After}} {
			if nll := l.NLL(at[0]); math.Abs(nll-at[1]) > 1e-10 {
				t.Errorf("%s: NLL %v at %v, want %v", c.Name, nll, at[0], at[1])
			}
		}
	}
}

func TestSetsGolden(t *testing.T) {
	for _, c := range readGolden(t).Sets {
		scores := make([]float64, len(c.Labels))
		row := func(i int) []float32 { return c.Probabilities[i*c.Classes : (i+1)*c.Classes] }
		for i, y := range c.Labels {
			scores[i] = calibration.Score(row(i), c.Starts[i], y)
			if math.Abs(scores[i]-c.Scores[i]) > 1e-15 {
				t.Errorf("%s: item %d scores %v, want %v", c.Name, i, scores[i], c.Scores[i])
			}
		}
		threshold, units, err := calibration.Threshold(scores, c.Groups, c.Coverage)
		if err != nil || math.Abs(threshold-c.Threshold) > 1e-15 || units != c.Units {
			t.Errorf("%s: threshold %v of %d units, %v; want %v of %d", c.Name, threshold, units, err, c.Threshold,
				c.Units)
		}
		for i := range c.Labels {
			if low, high := calibration.Interval(row(i), c.Starts[i], threshold); low != c.Low[i] ||
				high != c.High[i] {
				t.Errorf("%s: item %d: %d to %d, want %d to %d", c.Name, i, low, high, c.Low[i], c.High[i])
			}
		}
	}
}

func TestExpectedGolden(t *testing.T) {
	for _, c := range readGolden(t).Expected {
		low, high := calibration.Expected(int(c[0]), int(c[1]), c[2])
		if low != c[3] || high != c[4] {
			t.Errorf("%v units, %v items at %v: %v to %v, want %v to %v", c[0], c[1], c[2], low, high, c[3], c[4])
		}
	}
}
