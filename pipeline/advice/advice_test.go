package advice

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"finetune/label"
	"finetune/pipeline/learncurve"
	"finetune/pipeline/metrics"
)

func kinds(items []Item) []Kind {
	var out []Kind
	for _, item := range items {
		out = append(out, item.Kind)
	}
	return out
}

// good is a run of three classes that nothing need be said of, but that sure answers are better.
func good(t *testing.T) Evidence {
	t.Helper()
	space, err := label.New([]string{"a", "b", "c"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.Report{
		Intervals: map[string][2]metrics.Number{"mae": {0.1, 0.2}},
		Confusion: [][]int{{90, 10, 0}, {10, 80, 10}, {0, 10, 90}},
	}
	m.MAE, m.Baseline.MAE, m.Baseline.Class = 0.15, 0.6, "b"
	m.Sets = &metrics.Sets{TargetCoverage: 0.9, Width: 1.2, PerClass: make([]metrics.ClassSets, 3)}
	for c := range m.Sets.PerClass {
		m.Sets.PerClass[c] = metrics.ClassSets{N: 100, Coverage: 0.9, Interval: metrics.Wilson(90, 100)}
	}
	return Evidence{Space: space, Metrics: m, Trained: []int{400, 400, 100}, Judged: 1000, Suspects: 3}
}

func curve(low, high metrics.Number) *learncurve.Curve {
	return &learncurve.Curve{
		Points: []learncurve.Point{{Images: 200, MAE: 0.5}, {Images: 400, MAE: 0.5 + (low+high)/2}},
		MAE:    learncurve.Difference{Of: (low + high) / 2, Interval: [2]metrics.Number{low, high}},
		ByClass: []learncurve.Difference{
			{Interval: [2]metrics.Number{-0.1, 0.1}},
			{Interval: [2]metrics.Number{-0.3, -0.1}},
			{Interval: [2]metrics.Number{metrics.Number(math.NaN()), metrics.Number(math.NaN())}},
		},
	}
}

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(e *Evidence)
		want    []Kind
		classes []string // of the first
		says    string
	}{
		{"nothing to say", func(*Evidence) {}, nil, nil, ""},
		{"no better", func(e *Evidence) { e.Metrics.Intervals["mae"] = [2]metrics.Number{0.4, 0.7} }, []Kind{NoBetter}, nil, `always predicting "b"`},
		{"as good as the baseline", func(e *Evidence) { e.Metrics.Intervals["mae"] = [2]metrics.Number{0.4, 0.6} }, []Kind{NoBetter}, nil, ""},
		{"no interval", func(e *Evidence) { e.Metrics.Intervals = nil }, nil, nil, ""},
		{"suspects", func(e *Evidence) { e.Suspects = 20 }, []Kind{CheckLabels}, nil, "20 of 1000 labels (2.0 %)"},
		{"few suspects of few", func(e *Evidence) { e.Suspects, e.Judged = 4, 20 }, nil, nil, ""},
		{"alike", func(e *Evidence) { e.Metrics.Confusion[0], e.Metrics.Confusion[1] = []int{50, 50, 0}, []int{48, 52, 0} }, []Kind{MergeClasses}, []string{"a", "b"}, "50 % of the one and 52 %"},
		{"alike by chance", func(e *Evidence) { e.Metrics.Confusion[0], e.Metrics.Confusion[1] = []int{10, 10, 0}, []int{10, 10, 0} }, nil, nil, ""},
		{"rare class held less", func(e *Evidence) {
			e.Metrics.Sets.PerClass[2].Coverage, e.Metrics.Sets.PerClass[2].Interval = 0.6, metrics.Wilson(60, 100)
		}, []Kind{LabelClasses}, []string{"c"}, `"c": 60 %, 100 training images`},
		{"common class held less", func(e *Evidence) { e.Metrics.Sets.PerClass[0].Interval = metrics.Wilson(60, 100) }, nil, nil, ""},
		{"too few to tell", func(e *Evidence) { e.Metrics.Sets.PerClass[2].Interval = metrics.Wilson(4, 6) }, nil, nil, ""},
		{"more labels help", func(e *Evidence) { e.Curve = curve(-0.1, -0.02) }, []Kind{LabelMore}, []string{"b"}, "from 0.500 to 0.440"},
		{"better probabilities", func(e *Evidence) {
			e.Curve = curve(-0.005, 0.01)
			e.Curve.RPS = learncurve.Difference{Of: -0.02, Interval: [2]metrics.Number{-0.03, -0.01}}
		}, []Kind{LabelMore}, nil, "isn't proven"},
		{"enough", func(e *Evidence) { e.Curve = curve(-0.005, 0.01) }, []Kind{Enough}, nil, "change little"},
		{"not known", func(e *Evidence) { e.Curve = curve(-0.1, 0.1) }, nil, nil, ""},
		{"hidden", func(e *Evidence) {
			e.Curve = curve(-0.1, 0.1)
			e.Curve.Hidden = &learncurve.Alternative{Width: 128, MAE: learncurve.Difference{Of: -0.05, Interval: [2]metrics.Number{-0.08, -0.02}}}
		}, []Kind{TryHidden}, nil, "128 units"},
		{"hidden not proven", func(e *Evidence) {
			e.Curve = curve(-0.1, 0.1)
			e.Curve.Hidden = &learncurve.Alternative{MAE: learncurve.Difference{Of: -0.05, Interval: [2]metrics.Number{-0.1, 0}}}
		}, nil, nil, ""},
		{"wide", func(e *Evidence) { e.Metrics.Sets.Width = 1.9 }, []Kind{WideRanges}, nil, "1.9 of the 3 classes"},
		{"wide for want of groups", func(e *Evidence) { e.Metrics.Sets.Width, e.Units, e.NeedUnits = 3, 8, 9 }, []Kind{WideRanges}, nil,
			"needs at least 9 independent images (or groups, such as persons) to calibrate on, and there are 8"},
		{"raters", func(e *Evidence) {
			e.Metrics.Raters = &metrics.Raters{Spread: 0.5, MAE: 0.4, MAEInterval: [2]metrics.Number{0.35, 0.45}}
		}, []Kind{LikeRaters}, nil, "as good as another rater"},
		{"worse than raters", func(e *Evidence) {
			e.Metrics.Raters = &metrics.Raters{Spread: 0.5, MAE: 0.45, MAEInterval: [2]metrics.Number{0.4, 0.55}}
		}, nil, nil, ""},
		{"set aside", func(e *Evidence) {
			e.Metrics.Risk = &metrics.RiskCoverage{Points: []metrics.RiskPoint{{Coverage: 0.8, Error: 0.1, Interval: [2]metrics.Number{0.08, 0.12}, Aside: 0.5}, {Coverage: 1, Error: 0.18, Aside: metrics.Number(math.NaN())}}}
		}, []Kind{SetAside}, nil, "20 % least certain images"},
		{"set aside in vain", func(e *Evidence) {
			e.Metrics.Risk = &metrics.RiskCoverage{Points: []metrics.RiskPoint{{Coverage: 0.8, Error: 0.17, Interval: [2]metrics.Number{0.15, 0.2}, Aside: 0.2}, {Coverage: 1, Error: 0.18, Aside: metrics.Number(math.NaN())}}}
		}, nil, nil, ""},
		{"in order", func(e *Evidence) {
			e.Suspects, e.Metrics.Sets.Width, e.Curve = 50, 2.9, curve(-0.1, -0.02)
			e.Metrics.Intervals["mae"] = [2]metrics.Number{0.4, 0.7}
		}, []Kind{NoBetter, CheckLabels, LabelMore, WideRanges}, nil, ""},
	} {
		e := good(t)
		c.change(&e)
		got := Of(e)
		if !reflect.DeepEqual(kinds(got), c.want) {
			t.Errorf("%s: %v, not %v", c.name, kinds(got), c.want)
			continue
		}
		if len(got) > 0 &&
			(!strings.Contains(got[0].Text, c.says) || c.classes != nil && !reflect.DeepEqual(got[0].Classes, c.classes)) {
			t.Errorf("%s: %q about %v", c.name, got[0].Text, got[0].Classes)
		}
	}
}
