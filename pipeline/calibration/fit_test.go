package calibration

import (
	"finetune/head"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/metrics"
	"math"
	"strings"
	"testing"
)

func TestOptionsRefuse(t *testing.T) {
	space, err := label.New([]string{"a", "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]Options{
		"Calibrate.Coverage: 1":        {Coverage: 1},
		"Calibrate.Coverage: -0.1":     {Coverage: -0.1},
		"Calibrate.Coverage: NaN":      {Coverage: math.NaN()},
		`Calibrate.Metric: "f1"`:       {Metric: "f1"},
		`Calibrate.Metric: "nll"`:      {Metric: "nll"},
		"Calibrate.Metric: mae_units ": {Metric: "mae_units"},
	} {
		if err := c.Check(space); !invalid.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := (Options{Metric: "qwk", Coverage: 0.5}).Check(space); err != nil {
		t.Error(err)
	}
}

// A least distance that a matrix gives is among the rules to choose from, and what it is chosen by may be its own.
func TestRulesWithMatrix(t *testing.T) {
	space, err := label.New([]string{"a", "b", "c"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := head.Description{Space: space, Decision: head.Median, Loss: loss.Config{Name: loss.EMD2, Classes: 3,
		Ground: loss.Matrix([]float64{0, 1, 4, 1, 0, 4, 9, 9, 0})}}
	p := Sample{
		Probabilities: []float32{0.3, 0.2, 0.5, 0.3, 0.2, 0.5},
		Input: metrics.Input{Space: space, Labels: []int{0, 0},
			Probabilities: []float64{0.3, 0.2, 0.5, 0.3, 0.2, 0.5}},
	}
	list, chosen, err := Options{Metric: "accuracy"}.rules(d, p)
	if err != nil || chosen != head.LeastDistance || len(list) != 4 || list[0].Decision != head.Median ||
		list[0].Taken {
		t.Errorf("%s of %+v, %v", chosen, list, err)
	}
	if _, chosen, _ = (Options{}).rules(d, p); chosen != head.Median {
		t.Errorf("%s without a metric", chosen)
	}
}
