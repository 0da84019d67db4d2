package report

import (
	"fmt"

	"finetune/pipeline/metrics"
)

// A view is the page in the words and shapes that the templates put down.
type view struct {
	*Data
	K            int
	Highest      string // class
	Part         string // the held-out part in words
	Summary      []remark
	Figures      []figure
	Confusion    *heat
	Soft         *heat
	Grounds      []*heat
	ByClass      []classRow
	Calibration  *calibration
	Uncalibrated *calibration // without the temperature; nil where there is none
	Tempering    string       // what the temperature did
	Ranges       *ranges
	Rules        *rules
	Galleries    []gallery
	FoldView     *foldView // nil without a cross-validation
	Curves       []chart
	HasIntervals bool
	FewImages    int
	AnyFew       bool // a class has fewer
	Limits       []string
}

func newView(d *Data) *view {
	v := &view{
		Data: d, K: len(d.Classes), Highest: d.Classes[len(d.Classes)-1].Name, Summary: summary(d), Figures: figures(&d.Metrics), Confusion: confusion(d), Soft: soft(d),
		ByClass: classRows(d), Calibration: newCalibration(d.Metrics.Reliability), Galleries: galleries(d), Curves: curves(d), FoldView: newFolds(d.Folds),
		HasIntervals: len(d.Metrics.Intervals) > 0, FewImages: fewImages, AnyFew: scarce(d) != "",
	}
	v.Part = partInWords(d)
	v.Tempering, v.Ranges, v.Rules = tempering(d), newRanges(d), newRules(d)
	if v.Calibration != nil {
		v.Calibration.Name, v.Calibration.ID = "How sure, and how often right", "reliability"
	}
	if v.Tempering != "" {
		if v.Uncalibrated = newCalibration(d.Calibrated.Before.Reliability); v.Uncalibrated != nil {
			v.Calibration.Name = "With the temperature"
			v.Uncalibrated.Name, v.Uncalibrated.ID = "Without the temperature", "untempered"
		}
	}
	if g := d.Ground; g != nil {
		v.Grounds = []*heat{
			distances(d, g.Kind, func(i, j int) float64 { return g.Distances[i*v.K+j] }),
			distances(d, "Equal steps, |i − j|, for comparison", func(i, j int) float64 { return float64(abs(i - j)) }),
		}
	}
	v.Limits = limits(d)
	return v
}

// partInWords says what the figures are of.
func partInWords(d *Data) string {
	switch {
	case d.HeldOut == "val":
		return "the validation part, which early stopping used too"
	case d.HeldOut == "folds" && d.Folds.Repeats > 1:
		return fmt.Sprintf("each is judged by the average of %d heads that were trained without it", d.Folds.Repeats)
	case d.HeldOut == "folds":
		return "each is judged by a head that was trained without it"
	}
	return "the test part, used neither for training nor for stopping"
}

// limits says what the figures don't show.
func limits(d *Data) []string {
	out := []string{fmt.Sprintf("The figures are of %s like those trained on. Images from another camera, place or population may fare worse: label some of those and measure with finetune eval.", count(d.Metrics.N, "image"))}
	switch {
	case len(d.Metrics.Intervals) == 0:
		out = append(out, "There are too few independent images for intervals.")
	case d.Groups > 0:
		out = append(out, fmt.Sprintf("Intervals come from drawing whole groups (%d are held out) anew, again and again. They show the luck of which groups were held out, not that of training.", d.Groups))
	default:
		out = append(out, "Intervals come from drawing the held-out images anew, again and again, as if each stood for itself. If several show one person or thing, they are too narrow: name the group in the data. They don't show the luck of training.")
	}
	if d.HeldOut == "folds" {
		out = append(out, fmt.Sprintf("The figures are those of %d heads, each measured on the fold that it wasn't trained on. The head beside this page was trained on all of these images, so none of them can measure it; having seen more images than any head of a fold, it is usually a little better than they are.", len(d.Folds.Each)))
		if d.Folds.Repeats > 1 {
			out = append(out, fmt.Sprintf("The average of %d heads is often a little better than one head, such as the one beside this page. What single heads reach stands in the table of the folds.", d.Folds.Repeats))
		}
	}
	if d.HeldOut == "val" {
		out = append(out, "There was no test part. Early stopping used the images that the figures are of, so they flatter the model a little.")
	}
	if d.Metrics.Sets != nil && d.Calibrated != nil {
		text := fmt.Sprintf("Ranges were calibrated on %s. Their promise is an average over images of that kind, not over each class, and holds nothing for images of another kind.", d.Calibrated.On)
		if d.HeldOut == "val" {
			text += " Those are the images that they were measured on, too, so that how often they hold the label was settled beforehand."
		}
		out = append(out, text)
	}
	return append(out, "Labels are taken as they are. Where they are wrong, a right answer counts as a mistake.")
}

// Kind is what the page is.
func (*view) Kind() string { return "report" }

// A classRow is one class in the table of classes.
type classRow struct {
	Class
	Bars                                   []bar // of the parts, one after the other
	Width                                  int
	Title                                  string
	Predicted, Recall, Precision, MAE, All string
	Few                                    bool
}

// The size of a bar in the table of classes.
const balanceWidth, balanceHeight = 120, 12

// classRows sets how many images a class has beside how it fares.
func classRows(d *Data) []classRow {
	most := 1
	for _, c := range d.Classes {
		most = max(most, c.Train+c.Val+c.HeldOut)
	}
	rows := make([]classRow, len(d.Classes))
	for i, c := range d.Classes {
		m := d.Metrics.PerClass[i]
		r := classRow{Class: c, Width: balanceWidth, All: fmt.Sprint(c.Train + c.Val + c.HeldOut), Predicted: fmt.Sprint(m.Predicted), Few: m.Support < fewImages,
			Recall: percent.number(m.Recall), Precision: percent.number(m.Precision), MAE: plain.number(metrics.Number(m.MAE)),
			Title: fmt.Sprintf("%s: %d to train on, %d for early stopping, %d held out", c.Name, c.Train, c.Val, c.HeldOut)}
		if d.Folds != nil {
			r.Title = fmt.Sprintf("%s: %d in the folds, %d held out from all", c.Name, c.Train, c.HeldOut)
		}
		x := 0.0
		for _, n := range []int{c.Train, c.Val, c.HeldOut} {
			w := balanceWidth * float64(n) / float64(most)
			r.Bars = append(r.Bars, bar{X: px(x), Y: "0", Width: px(w), Height: px(balanceHeight)})
			x += w
		}
		rows[i] = r
	}
	return rows
}
