package report

import (
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

// calibrated returns a sample with temperature, decision rules and prediction intervals.
func calibrated(t testing.TB, names []string, n int) Data {
	d := sample(t, names, n)
	s := &metrics.Sets{TargetCoverage: 0.9, Coverage: 0.7, Interval: [2]metrics.Number{0.6, 0.8}, Width: 1.5,
		Widths: make([]int, len(names)), PerClass: make([]metrics.ClassSets, len(names))}
	s.Widths[0], s.Widths[1] = n/2, n-n/2
	for i, name := range names {
		s.PerClass[i] = metrics.ClassSets{Class: name, N: 40, Coverage: 0.95, Interval: [2]metrics.Number{0.85, 0.99},
			Width: 1.5}
	}
	s.PerClass[1].Coverage, s.PerClass[1].Interval = 0.5, [2]metrics.Number{0.35, 0.65}
	d.Metrics.Sets = s
	d.Calibrated = &Calibrated{On: "the 450 validation images", Temperature: 1.5, Metric: "qwk",
		Expected: &[2]float64{0.86, 0.93},
		Before:   &Probability{NLL: 1.25, ECE: 0.125, Reliability: d.Metrics.Reliability},
		Rules: []DecisionRule{{Name: "median", Figures: d.Metrics.Figures},
			{Name: "argmax", Taken: true, Figures: d.Metrics.Figures}}}
	for i := range d.Unsure.Images {
		d.Unsure.Images[i].Range = &[2]int{0, 1}
	}
	return d
}

func TestIntervals(t *testing.T) {
	page := written(t, calibrated(t, grades, 40))
	for _, want := range []string{
		"contains the label for 70.0\u00a0% of the held-out images; the target is 90.0\u00a0%",
		"The intervals contain these labels less often: “fair” (50.0\u00a0%)",
		"significantly below the target",
		"86.0\u00a0–\u00a093.0\u00a0% is expected",
		"width of 1 class: 20 images (50.0\u00a0%)", "width of 2 classes: 20 images",
		"; interval good to fair", "</svg> prediction interval",
		"lowers the confidence", "from 1.250 to", "without the temperature", `id="uncalibrated-name"`,
		`id="reliability-name"`,
		"argmax (used)", "The rule with the best “Agreement” was chosen",
		"Prediction intervals were calibrated on the 450 validation images.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	plain := written(t, sample(t, grades, 40))
	for _, no := range []string{`id="intervals"`, "</svg> prediction interval", "Decision rules", "temperature"} {
		if strings.Contains(plain, no) {
			t.Errorf("a page without calibration contains %q", no)
		}
	}
}

func TestCoverageVerdict(t *testing.T) {
	for want, at := range map[string][2]metrics.Number{
		"agrees with the target": {0.88, 0.92},
		"below the target":       {0.8, 0.89},
		"above the target":       {0.91, 0.95},
		"too few":                metrics.Interval(nil),
	} {
		if got := coverageVerdict(&metrics.Sets{TargetCoverage: 0.9, Interval: at}); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}

// TestManyIntervals checks bars and labels of many classes, and a class without images.
func TestManyIntervals(t *testing.T) {
	s := &metrics.Sets{TargetCoverage: 0.9, Widths: make([]int, 101), PerClass: make([]metrics.ClassSets, 101)}
	s.Widths[59] = 3
	c := newWidthChart(s)
	if len(c.Bars) != 60 || len(c.Labels) != 6 || len(c.Counts) != 0 {
		t.Errorf("%d bars, %d labels, %d counts", len(c.Bars), len(c.Labels), len(c.Counts))
	}
	d := calibrated(t, grades, 40)
	d.Metrics.Sets.PerClass[2] = metrics.ClassSets{Class: "poor", Coverage: metrics.Interval(nil)[0],
		Interval: metrics.Interval(nil)}
	if r := newIntervalView(&d); r.Rows[2].Strip != nil || r.Rows[0].Strip == nil || !r.AnyFew {
		t.Errorf("%+v", r.Rows)
	}
}

func TestIntervalsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Data){
		"classes": func(d *Data) { d.Metrics.Sets.PerClass = d.Metrics.Sets.PerClass[1:] },
		"widths":  func(d *Data) { d.Metrics.Sets.Widths = nil },
		"ends":    func(d *Data) { d.Unsure.Images[0].Range = &[2]int{2, 1} },
		"beyond":  func(d *Data) { d.Unsure.Images[0].Range = &[2]int{0, 3} },
	} {
		d := calibrated(t, grades, 40)
		spoil(&d)
		if err := d.check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
