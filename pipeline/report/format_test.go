package report

import (
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percent.number(.5625), "56.2" + nbsp + "%"},
		{percent.number(nan), "–"},
		{plain.number(-.25), "−0.250"},
		{percent.interval([2]metrics.Number{.1, .2}), "10.0" + nbsp + "–" + nbsp + "20.0" + nbsp + "%"},
		{plain.interval([2]metrics.Number{nan, 1}), "–"},
		{px(3.04), "3"}, {px(-0.01), "0"}, {px(2.25), "2.2"},
		{decimals(10), "10"}, {decimals(0.5), "0.5"}, {decimals(0.125), "0.12"}, {decimals(0), "0"},
		{count(1, "class"), "1 class"}, {count(2, "class"), "2 classes"}, {count(3, "image"), "3 images"},
		{shortened("grüße", 4), "grü…"}, {shortened("abcd", 4), "abcd"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		low, high, base metrics.Number
		higher          bool
		want            string
	}{
		{.5, .6, .4, true, better}, {.5, .6, .4, false, worse},
		{.5, .6, .7, true, worse}, {.5, .6, .7, false, better},
		{.5, .6, .55, true, notSignificant}, {.5, .6, .5, true, notSignificant}, {.5, .6, nan, true, ""},
	} {
		if got := verdict([2]metrics.Number{c.low, c.high}, c.base, c.higher); got != c.want {
			t.Errorf("%v to %v beside %v, more is better %v: %q, want %q", c.low, c.high, c.base, c.higher, got,
				c.want)
		}
	}
}

// TestMetricsHaveIntervals checks that the keys of shownMetrics are those of metrics.json.
func TestMetricsHaveIntervals(t *testing.T) {
	d := sample(t, grades, 50)
	headlines := 0
	for _, f := range metricRows(&d.Metrics) {
		if f.Strip == nil {
			t.Errorf("%s has no interval", f.Name)
		}
		if f.Headline {
			headlines++
		}
		if f.Name == "Mean error in label units" {
			t.Error("label units for classes without values")
		}
	}
	if headlines != 4 {
		t.Errorf("%d headlines, want 4", headlines)
	}
}

func TestSummary(t *testing.T) {
	interval := func(low, high metrics.Number) map[string][2]metrics.Number {
		return map[string][2]metrics.Number{"mae": {low, high}}
	}
	d := &Data{Classes: []Class{{Name: "a"}, {Name: "b"}}, Metrics: metrics.Report{N: 50,
		Figures:   metrics.Figures{Accuracy: .8, OneOffAccuracy: 1, MAE: .2, MAEUnits: nan},
		Confusion: [][]int{{40, 1}, {5, 4}}, PerClass: []metrics.Class{{Class: "a", Support: 41, Recall: 40. / 41},
			{Class: "b", Support: 9, Recall: 4. / 9}},
		Intervals:   interval(.1, .3),
		Baseline:    metrics.Baseline{Class: "a", Figures: metrics.Figures{Accuracy: .6, MAE: .4}},
		Reliability: []metrics.Bin{{N: 50, Confidence: .95, Accuracy: .8}}}}
	text := func() string {
		var lines []string
		for _, r := range summary(d) {
			lines = append(lines, r.Mark+": "+r.Text)
		}
		return strings.Join(lines, "\n")
	}
	for _, part := range []string{"Better than the baseline: The baseline always predicts “a”",
		"Hardest class (lowest recall): Of 9 images labelled “b”, 4 are predicted correctly. The most frequent wrong prediction is " +
			"“a” (5 times).",
		"Overconfident: ", "Caution: The metrics of these classes are unreliable, with fewer than 20 held-out images " +
			"each: “b” (9)."} {
		if !strings.Contains(text(), part) {
			t.Errorf("no %q in\n%s", part, text())
		}
	}
	for _, c := range []struct {
		intervals map[string][2]metrics.Number
		want      string
	}{
		{interval(.5, .6), "Worse than the baseline"}, {interval(.3, .5),
			"Not significantly better than the baseline"}, {nil, "too few images for a test"},
	} {
		if d.Metrics.Intervals = c.intervals; !strings.Contains(text(), c.want) {
			t.Errorf("no %q in\n%s", c.want, text())
		}
	}
	d.Metrics.Intervals, d.Groups = interval(.1, .3), 4
	if want := "Caution: The held-out images come from only 4 groups"; !strings.Contains(text(), want) {
		t.Errorf("no %q in\n%s", want, text())
	}
	d.Metrics.Reliability[0].Confidence = .5
	if want := "Underconfident"; !strings.Contains(text(), want) {
		t.Errorf("no %q in\n%s", want, text())
	}
}
