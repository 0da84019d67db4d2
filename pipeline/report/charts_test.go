package report

import (
	"math"
	"testing"

	"finetune/pipeline/metrics"
)

var nan = metrics.Number(math.NaN())

// The plot runs from x = 46 to 322 and from y = 196 up to 12.
func TestCurves(t *testing.T) {
	d := &Data{Best: 2, History: []Epoch{{1, 1, 0.5, nan}, {2, nan, 0.25, nan}, {3, 0, nan, nan}}}
	got := curves(d)
	if len(got) != 1 {
		t.Fatalf("%d charts, want one: no error was measured", len(got))
	}
	c := got[0]
	for _, want := range []struct{ name, got, want string }{
		{"training, broken where nothing was measured", c.Lines[0].Path, "M46 12M322 196"},
		{"validation", c.Lines[1].Path, "M46 104L184 150"},
		{"the epoch that was kept", c.Marker, "184"},
		{"hover", c.Lines[1].Points[1].Title, "epoch 2, validation: 0.25"},
		{"lowest label", c.Y[0].Text + " at " + c.Y[0].At, "0 at 196"},
		{"last epoch", c.X[len(c.X)-1].Text + " at " + c.X[len(c.X)-1].At, "3 at 322"},
	} {
		if want.got != want.want {
			t.Errorf("%s: %q, want %q", want.name, want.got, want.want)
		}
	}
}

func TestCurveOfOneEpoch(t *testing.T) {
	c, ok := newChart(1, []series{{name: "training", class: "train",
		of: func(e Epoch) metrics.Number { return e.TrainLoss }, history: []Epoch{{1, 2, nan, nan}}}})
	if !ok || c.Lines[0].Path != "M184 12" || c.Marker != "184" || len(c.X) != 1 || c.X[0].Text != "1" ||
		c.Y[0].Text != "0" {
		t.Errorf("%v %+v", ok, c)
	}
}

// The plot is a square of 276 pixels from (46, 288) to (322, 12).
func TestReliabilityCurve(t *testing.T) {
	c := newReliabilityCurve([]metrics.Bin{{N: 0, Confidence: nan, Accuracy: nan},
		{N: 4, Confidence: .5, Accuracy: .25, Interval: [2]metrics.Number{0, .75}},
		{N: 1, Confidence: 1, Accuracy: 1, Interval: [2]metrics.Number{.5, 1}}})
	if len(c.Steps) != 2 {
		t.Fatalf("%d steps, want 2: the empty one is left out", len(c.Steps))
	}
	s := c.Steps[0]
	if s.X != "184" || s.Y != "219" || s.Low != "288" || s.High != "81" || s.Radius != "8" {
		t.Errorf("%+v", s)
	}
	if s := c.Steps[1]; s.X != "322" || s.Y != "12" || s.Radius != "4" { // a quarter of the images, half the radius
		t.Errorf("%+v", s)
	}
	if newReliabilityCurve([]metrics.Bin{{}}) != nil {
		t.Error("a curve without images")
	}
	if mean, accuracy := confidence([]metrics.Bin{{}, {N: 3, Confidence: .5, Accuracy: 1},
		{N: 1, Confidence: .9, Accuracy: 0}}); math.Abs(float64(mean-.6)) > 1e-12 || accuracy != .75 {
		t.Errorf("mean confidence %v, accuracy %v", mean, accuracy)
	}
}

// Bars are 148/2 pixels apart and 44 high at most.
func TestDistribution(t *testing.T) {
	classes := []Class{{Name: "low"}, {Name: "high"}}
	d := newDistribution(classes, &Image{Label: 0, Predicted: 1, Probabilities: []float64{.2, .8}}, .8)
	if len(d.Bars) != 2 || d.Bars[0].Height != "11" || d.Bars[0].Y != "33" || d.Bars[1].Height != "44" ||
		d.Bars[1].Y != "0" || d.Bars[1].Title != "high: 80.0 %" {
		t.Errorf("%+v", d.Bars)
	}
	if d.Label != "37" || d.Predicted != "111" {
		t.Errorf("marks at %s and %s", d.Label, d.Predicted)
	}
	if want := "Class probabilities: 80 % for the prediction high, 20 % for the label low"; d.Title != want {
		t.Errorf("%q, want %q", d.Title, want)
	}
}

func TestStrip(t *testing.T) {
	s := newStrip(percent, .5, [2]metrics.Number{.4, .6}, .25) // from 8 to 192 pixels
	if s.Value != "100" || s.Low != "81.6" || s.High != "118.4" || s.Baseline != "54" {
		t.Errorf("%+v", s)
	}
	if s := newStrip(plain, 0, [2]metrics.Number{0, 0}, nan); s.Value != "8" || s.Baseline != "" {
		t.Errorf("all zero: %+v", s)
	}
}

func TestClassRows(t *testing.T) {
	d := &Data{Classes: []Class{{"a", 60, 20, 40}, {"b", 30, 0, 0}},
		Metrics: metrics.Report{PerClass: []metrics.Class{{Support: 40}, {Recall: nan}}}}
	rows := classRows(d) // 120 images are 120 pixels
	if b := rows[0].Bars; b[0].Width != "60" || b[1].X != "60" || b[2].X != "80" || b[2].Width != "40" || rows[0].Few {
		t.Errorf("%+v", rows[0])
	}
	if rows[1].Bars[0].Width != "30" || rows[1].Recall != "–" || !rows[1].Few {
		t.Errorf("%+v", rows[1])
	}
}
