package report

import (
	"math"

	"finetune/pipeline/metrics"
)

// measured lists the figures of the page, those first that need the least explanation.
var measured = []struct {
	key, name string
	unit      unit
	higher    bool // is better
	headline  bool
	of        func(f *metrics.Figures) metrics.Number
	explained string
	alone     bool // not to be set against the baseline, which has it for nothing
}{
	{"accuracy", "Exactly right", percent, true, true, func(f *metrics.Figures) metrics.Number { return f.Accuracy },
		"The share of images whose answer is the class of their label.", false},
	{"one_off_accuracy", "Right or one class off", percent, true, true, func(f *metrics.Figures) metrics.Number { return f.OneOffAccuracy },
		"The share of images whose answer is the class of their label or a neighbour of it.", false},
	{"mae", "Mean error in classes", plain, false, true, func(f *metrics.Figures) metrics.Number { return f.MAE },
		"How many classes lie between answer and label on average. 0 is perfect (MAE).", false},
	{"mae_units", "Mean error in label units", plain, false, false, func(f *metrics.Figures) metrics.Number { return f.MAEUnits },
		"The same in the units of the labels, with each class at its middle value.", false},
	{"qwk", "Agreement", plain, true, true, func(f *metrics.Figures) metrics.Number { return f.QWK },
		"How well answers and labels agree beyond chance; misses count by the square of their distance. 1 is full agreement, 0 is chance (quadratic weighted kappa).", false},
	{"amae", "Mean error, classes alike", plain, false, false, func(f *metrics.Figures) metrics.Number { return f.AMAE },
		"The mean error in classes, taken within each class first, so that rare classes count as much as common ones (AMAE).", false},
	{"mmae", "Mean error, worst class", plain, false, false, func(f *metrics.Figures) metrics.Number { return f.MMAE },
		"The mean error in classes of the class that fares worst (MMAE).", false},
	{"rmse", "Root mean square error", plain, false, false, func(f *metrics.Figures) metrics.Number { return f.RMSE },
		"An error in classes that makes large misses count more (RMSE).", false},
	{"rps", "Ranked probability score", plain, false, false, func(f *metrics.Figures) metrics.Number { return f.RPS },
		"How far the stated probabilities lie from the label, over all classes in their order. 0 is sure and right (RPS).", false},
	{"nll", "Log loss", plain, false, false, func(f *metrics.Figures) metrics.Number { return f.NLL },
		"Grows without bound the less probability the true class was given. It punishes being sure and wrong (NLL).", false},
	{"ece", "Calibration error", percent, false, false, func(f *metrics.Figures) metrics.Number { return f.ECE },
		"How far stated confidence and the share that is right lie apart on average (ECE). Compare it with no baseline: one answer for all that knows the class shares is calibrated, and tells nothing.", true},
}

// A figure is one figure as it is shown.
type figure struct {
	Name, Explained           string
	Value, Interval, Baseline string
	Verdict                   string // against the baseline
	Better                    string // what is better
	Headline                  bool
	Strip                     *strip // nil without an interval
}

// The verdicts.
const (
	surelyBetter = "better"
	surelyWorse  = "worse"
	notSure      = "not surely different"
)

// figures returns the figures that are defined.
func figures(r *metrics.Report) []figure {
	var out []figure
	for _, m := range measured {
		value, base := m.of(&r.Figures), m.of(&r.Baseline.Figures)
		if m.alone {
			base = metrics.Number(math.NaN())
		}
		if !value.Defined() {
			continue
		}
		f := figure{Name: m.name, Explained: m.explained, Value: m.unit.number(value), Interval: "–", Baseline: m.unit.number(base),
			Better: "less is better", Headline: m.headline}
		if m.higher {
			f.Better = "more is better"
		}
		if at, ok := r.Intervals[m.key]; ok && at[0].Defined() && at[1].Defined() {
			f.Interval = m.unit.interval(at)
			f.Verdict = verdict(at, base, m.higher)
			f.Strip = newStrip(m.unit, float64(value), at, base)
		}
		out = append(out, f)
	}
	return out
}

// verdict says whether an interval lies wholly on one side of the baseline; "" without a baseline.
func verdict(at [2]metrics.Number, base metrics.Number, higher bool) string {
	switch {
	case !base.Defined():
		return ""
	case at[0] > base == higher && (at[0] > base || at[1] < base):
		return surelyBetter
	case at[0] > base || at[1] < base:
		return surelyWorse
	}
	return notSure
}

// The size of a strip in pixels.
const (
	stripWidth, stripHeight = 200, 26
	stripMargin             = 8
)

// A strip shows a figure with its interval and the baseline on one line.
type strip struct {
	Width, Height, Middle    int
	Value, Low, High, Length string // x
	Baseline                 string // "" without one
	Title                    string
	From, To                 string // x of the line's ends
}

func newStrip(u unit, value float64, at [2]metrics.Number, base metrics.Number) *strip {
	low, high := min(0, float64(at[0])), max(float64(at[1]), value)
	title := u.number(metrics.Number(value)) + ", 95 % interval " + u.interval(at)
	if u == percent {
		high = 1
	}
	if base.Defined() {
		low, high = min(low, float64(base)), max(high, float64(base))
		title += "; baseline " + u.number(base)
	}
	if high <= low {
		high = low + 1
	}
	x := func(v float64) float64 { return stripMargin + (stripWidth-2*stripMargin)*(v-low)/(high-low) }
	s := &strip{Width: stripWidth, Height: stripHeight, Middle: stripHeight / 2, Title: title,
		Value: px(x(value)), Low: px(x(float64(at[0]))), High: px(x(float64(at[1]))), From: px(x(low)), To: px(x(high))}
	if base.Defined() {
		s.Baseline = px(x(float64(base)))
	}
	return s
}
