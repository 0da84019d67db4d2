package report

import (
	"math"

	"finetune/pipeline/metrics"
)

// shownMetrics lists the metrics of the page in their order.
var shownMetrics = []struct {
	key, name, term string // in metrics.json; in plain words; of the field
	unit            unit
	higher          bool // is better
	headline        bool
	of              func(f *metrics.Figures) metrics.Number
	explained       string
	noBaseline      bool // the baseline reaches the best value without using the image
}{
	{"accuracy", "Correct class", "accuracy", percent, true, true,
		func(f *metrics.Figures) metrics.Number { return f.Accuracy },
		"Share of images whose predicted class is the label.", false},
	{"one_off_accuracy", "Correct or adjacent class", "one-off accuracy", percent, true, true,
		func(f *metrics.Figures) metrics.Number { return f.OneOffAccuracy },
		"Share of images whose predicted class is the label or a neighbour of it.", false},
	{"mae", "Mean error in classes", "MAE", plain, false, true,
		func(f *metrics.Figures) metrics.Number { return f.MAE },
		"Mean number of classes between prediction and label. 0 is perfect.", false},
	{"mae_units", "Mean error in label units", "MAE in units", plain, false, false,
		func(f *metrics.Figures) metrics.Number { return f.MAEUnits },
		"Mean difference between the values of the predicted class and of the label.", false},
	{"qwk", "Agreement", "quadratic weighted kappa", plain, true, true,
		func(f *metrics.Figures) metrics.Number { return f.QWK },
		"Agreement of predictions and labels beyond chance. Errors count by their squared distance. 1 is full " +
			"agreement, 0 is chance.", false},
	{"amae", "Mean error, averaged over classes", "AMAE", plain, false, false,
		func(f *metrics.Figures) metrics.Number { return f.AMAE },
		"Mean over the classes of the mean error within each class, so that rare classes count as much as frequent " +
			"ones.", false},
	{"mmae", "Mean error of the worst class", "MMAE", plain, false, false,
		func(f *metrics.Figures) metrics.Number { return f.MMAE },
		"Largest of the mean errors within a class.", false},
	{"rmse", "Root mean squared error", "RMSE", plain, false, false,
		func(f *metrics.Figures) metrics.Number { return f.RMSE },
		"Error in classes that gives large errors more weight.", false},
	{"rps", "Ranked probability score", "RPS", plain, false, false,
		func(f *metrics.Figures) metrics.Number { return f.RPS },
		"Squared distance between the cumulative predicted distribution and the label. 0 is certain and correct.",
		false},
	{"nll", "Log loss", "NLL", plain, false, false,
		func(f *metrics.Figures) metrics.Number { return f.NLL },
		"Negative log-likelihood of the label. It penalizes confident errors most.", false},
	{"ece", "Calibration error", "ECE", percent, false, false,
		func(f *metrics.Figures) metrics.Number { return f.ECE },
		"Mean difference between confidence and accuracy. There is no baseline, since predicting the class shares for " +
			"every image is " +
			"calibrated but useless.", true},
}

// A metricRow is one row of the table of metrics.
type metricRow struct {
	Name, Term, Explained     string
	Value, Interval, Baseline string
	Verdict                   string // relative to the baseline
	Better                    string // "Higher is better." or "Lower is better."
	Headline                  bool
	Strip                     *strip // nil without an interval
}

// The verdicts.
const (
	better         = "better"
	worse          = "worse"
	notSignificant = "not significant"
)

// metricRows returns a row for each metric that is defined.
func metricRows(r *metrics.Report) []metricRow {
	var out []metricRow
	for _, m := range shownMetrics {
		value, base := m.of(&r.Figures), m.of(&r.Baseline.Figures)
		if m.noBaseline {
			base = metrics.Number(math.NaN())
		}
		if !value.Defined() || m.key == "mae_units" && !r.UnitsDiffer() {
			continue
		}
		row := metricRow{Name: m.name, Term: m.term, Explained: m.explained, Value: m.unit.number(value),
			Interval: "–",
			Baseline: m.unit.number(base), Better: "Lower is better.", Headline: m.headline}
		if m.higher {
			row.Better = "Higher is better."
		}
		if at, ok := r.Intervals[m.key]; ok && at[0].Defined() && at[1].Defined() {
			row.Interval = m.unit.interval(at)
			row.Verdict = verdict(at, base, m.higher)
			row.Strip = newStrip(m.unit, float64(value), at, base)
		}
		out = append(out, row)
	}
	return out
}

// verdict compares an interval with the baseline: better or worse if it excludes the baseline; "" without a baseline.
func verdict(at [2]metrics.Number, base metrics.Number, higher bool) string {
	switch {
	case !base.Defined():
		return ""
	case at[0] > base == higher && (at[0] > base || at[1] < base):
		return better
	case at[0] > base || at[1] < base:
		return worse
	}
	return notSignificant
}

// The size of a strip in pixels.
const (
	stripWidth, stripHeight = 200, 26
	stripMargin             = 8
)

// A strip plots a value with its interval and the baseline on one line.
type strip struct {
	Width, Height, Middle int
	Value, Low, High      string // x
	Baseline              string // x; "" without one
	Title                 string
	From, To              string // x of the ends of the axis
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
		Value: px(x(value)), Low: px(x(float64(at[0]))), High: px(x(float64(at[1]))), From: px(x(low)),
		To: px(x(high))}
	if base.Defined() {
		s.Baseline = px(x(float64(base)))
	}
	return s
}
