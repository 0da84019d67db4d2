package report

import "fmt"

// A view is the input of page.tmpl.
type view struct {
	*Data
	sheet
	K            int
	Highest      string // class
	Part         string // describes the held-out part
	Summary      []remark
	MetricRows   []metricRow
	Confusion    *heatmap
	SoftMatrix   *heatmap
	Grounds      []*heatmap
	ClassRows    []classRow
	Reliability  *reliabilityCurve
	Uncalibrated *reliabilityCurve // without the temperature; nil if there is none
	Temperature  string            // its effect
	Intervals    *intervalView     // nil without prediction intervals
	Rules        *ruleTable        // nil if no rules were compared
	Galleries    []gallery
	FoldView     *foldView // nil without a cross-validation
	Curves       []chart
	Risk         *chart        // nil without a risk–coverage curve
	Learning     *learningView // nil without a learning curve
	PartRows     []partRow     // of Column
	HasIntervals bool          // of metrics
	FewImages    int
	AnyFew       bool // a class has fewer
	Limitations  []string
}

func newView(d *Data) *view {
	v := &view{
		Data: d, sheet: fileSheet("report"), K: len(d.Classes), Highest: d.Classes[len(d.Classes)-1].Name, Part: describePart(d),
		Summary:    summary(d),
		MetricRows: metricRows(&d.Metrics), HasIntervals: len(d.Metrics.Intervals) > 0, Confusion: confusion(d),
		SoftMatrix: softConfusion(d),
		ClassRows:  classRows(d), FewImages: fewImages, AnyFew: fewHeldOut(d) != "", Galleries: galleries(d),
		Curves:      curves(d),
		Reliability: newReliabilityCurve(d.Metrics.Reliability), Temperature: temperatureEffect(d),
		Intervals: newIntervalView(d),
		Learning:  newLearningView(d), PartRows: partRows(d.Parts),
		Rules: newRuleTable(d), FoldView: newFoldView(d.Folds), Limitations: limitations(d),
	}
	if v.Reliability != nil {
		v.Reliability.Name, v.Reliability.ID = "Reliability curve", "reliability"
	}
	if v.Temperature != "" {
		if v.Uncalibrated = newReliabilityCurve(d.Calibrated.Before.Reliability); v.Uncalibrated != nil {
			v.Reliability.Name = "Reliability curve with the temperature"
			v.Uncalibrated.Name, v.Uncalibrated.ID = "Reliability curve without the temperature", "uncalibrated"
		}
	}
	if c, ok := riskCurve(d.Metrics.Risk); ok {
		c.ID, v.Risk = "risk-coverage", &c
	}
	if g := d.Ground; g != nil {
		v.Grounds = []*heatmap{
			distances(d, g.Kind, func(i, j int) float64 { return g.Distances[i*v.K+j] }),
			distances(d, "For comparison: equal steps, |i − j|",
				func(i, j int) float64 { return float64(abs(i - j)) }),
		}
	}
	return v
}

// describePart describes the images that the metrics were measured on.
func describePart(d *Data) string {
	switch {
	case d.HeldOut == "val":
		return "the validation part, which early stopping also used"
	case d.HeldOut == "loo":
		return "each was predicted by a regression that was fitted without it (leave-one-out)"
	case d.HeldOut == "folds" && d.Folds.Repeats > 1:
		return fmt.Sprintf("out-of-fold predictions, averaged over the %d heads that weren't trained on the image",
			d.Folds.Repeats)
	case d.HeldOut == "folds":
		return "out-of-fold predictions, each by a head that wasn't trained on the image"
	}
	return "the test part, used neither for training nor for early stopping"
}

// limitations lists what the metrics don't show.
func limitations(d *Data) []string {
	out := []string{fmt.Sprintf("The metrics describe %s similar to the training images. On images from another "+
		"camera, place or population they may be worse: label some of those and run finetune eval.",
		count(d.Metrics.N, "image"))}
	switch {
	case len(d.Metrics.Intervals) == 0:
		out = append(out, "There are too few independent images for 95 % intervals.")
	case d.Groups > 0:
		out = append(out, fmt.Sprintf("The 95 %% intervals come from a bootstrap of the %d held-out groups. They show "+
			"the uncertainty from the choice of held-out groups, not from training.", d.Groups))
	default:
		out = append(out, "The 95 % intervals come from a bootstrap of the held-out images, as if these were "+
			"independent. If several images show one person or object, the intervals are too narrow: give a group "+
			"column in the data. They don't include the uncertainty from training.")
	}
	if d.HeldOut == "folds" {
		out = append(out, fmt.Sprintf("The metrics are those of the %d heads of the folds. The final head was trained "+
			"on all of these images, so it can't be measured on them. With more training images it is usually "+
			"slightly better.", len(d.Folds.Each)))
		if d.Folds.Repeats > 1 {
			out = append(out, fmt.Sprintf("An average of %d heads is often slightly better than a single head such as "+
				"the final one. The table of the folds has the metrics of single heads.", d.Folds.Repeats))
		}
	}
	if d.HeldOut == "loo" {
		out = append(out, "Each image was predicted by a regression without it, without its group and without its "+
			"copies (leave-one-out). The final head was trained on all of these images, so it can't be measured on them.")
	}
	if d.HeldOut == "val" {
		out = append(out, "There was no test part. Early stopping used the evaluated images, so the metrics are "+
			"slightly optimistic.")
	}
	if d.Metrics.Sets != nil && d.Calibrated != nil {
		text := fmt.Sprintf("Prediction intervals were calibrated on %s. Their coverage is an average over similar "+
			"images. It isn't guaranteed for each class, nor for other kinds of images.", d.Calibrated.On)
		if d.HeldOut == "val" {
			text += " They were evaluated on the same images, so the measured coverage is close to the target by " +
				"construction."
		}
		out = append(out, text)
	}
	return append(out, "Labels are assumed to be correct. A correct prediction for a wrong label counts as an error.")
}

// HasHeldOut reports whether the table of classes counts images that no head was trained on.
func (v *view) HasHeldOut() bool { return v.HeldOut == "test" || v.Folds == nil && !v.LeftOut }

// A classRow is one row of the table of classes.
type classRow struct {
	Class
	Bars                                   []bar // of the parts, from left to right
	Width                                  int
	Title                                  string
	Predicted, Recall, Precision, MAE, All string
	Few                                    bool
}

// The size of a bar in the table of classes.
const balanceWidth, balanceHeight = 120, 12

// classRows returns the number of images and the metrics of each class.
func classRows(d *Data) []classRow {
	largest := 1
	for _, c := range d.Classes {
		largest = max(largest, c.Train+c.Val+c.HeldOut)
	}
	rows := make([]classRow, len(d.Classes))
	for i, c := range d.Classes {
		m := d.Metrics.PerClass[i]
		r := classRow{Class: c, Width: balanceWidth, All: fmt.Sprint(c.Train + c.Val + c.HeldOut),
			Predicted: fmt.Sprint(m.Predicted), Few: m.Support < fewImages,
			Recall: percent.number(m.Recall), Precision: percent.number(m.Precision), MAE: plain.number(m.MAE),
			Title: fmt.Sprintf("%d training, %d validation, %d held out", c.Train, c.Val, c.HeldOut)}
		if d.LeftOut {
			r.Title = fmt.Sprintf("%d training, each left out once, %d test", c.Train, c.HeldOut)
		}
		if d.Folds != nil {
			r.Title = fmt.Sprintf("%d in the folds, %d test", c.Train, c.HeldOut)
		}
		x := 0.0
		for _, n := range []int{c.Train, c.Val, c.HeldOut} {
			w := balanceWidth * float64(n) / float64(largest)
			r.Bars = append(r.Bars, bar{X: px(x), Width: px(w), Height: px(balanceHeight)})
			x += w
		}
		rows[i] = r
	}
	return rows
}
