package report

import (
	"fmt"
	"strings"

	"finetune/pipeline/metrics"
)

// fewImages is the number of held-out images of a class below which its metrics are unreliable.
const fewImages = 20

// A remark is one sentence of the summary.
type remark struct {
	Mark string // a keyword
	Text string
}

// summary states the main results in sentences, for readers who don't know the metrics.
func summary(d *Data) []remark {
	r := &d.Metrics
	interval := func(key string, u unit) string {
		if at, ok := r.Intervals[key]; ok {
			return " (95" + nbsp + "% interval " + u.interval(at) + ")"
		}
		return ""
	}
	off := fmt.Sprintf("Predictions are %s classes off on average%s", round(r.MAE), interval("mae", plain))
	if r.UnitsDiffer() {
		off += fmt.Sprintf(", %s in label units", round(r.MAEUnits))
	}
	out := []remark{
		{"Correct answers (accuracy)", fmt.Sprintf("The predicted class is correct for %s of %s%s, and correct or adjacent for %s.",
			percent.number(r.Accuracy), count(r.N, "held-out image"), interval("accuracy", percent),
			percent.number(r.OneOffAccuracy))},
		{"Mean error (MAE)", off + "."},
		comparedWithBaseline(r),
	}
	if f := d.Folds; f != nil {
		out = append(out, remark{"Cross-validation", fmt.Sprintf("The %d heads are correct for %s and %s classes off, "+
			"each on its held-out fold (mean ± standard deviation).",
			len(f.Each), percent.spread(f.Mean.Accuracy, f.Std.Accuracy), plain.spread(f.Mean.MAE, f.Std.MAE))})
	}
	if lowest, ok := lowestRecall(d); ok {
		out = append(out, lowest)
	}
	out = append(out, ratersRemark(r)...)
	out = append(out, calibrationRemark(r))
	if s := r.Sets; s != nil {
		out = append(out, remark{"Ranges (prediction intervals)", fmt.Sprintf("The range of classes beside each answer "+
			"contains the label for %s of the held-out images; the target is %s. It spans %s of the %d classes on "+
			"average.",
			percent.number(s.Coverage), percent.number(metrics.Number(s.TargetCoverage)), round(s.Width),
			len(d.Classes))})
		if names := undercovered(s); names != "" {
			out = append(out, remark{"Caution", fmt.Sprintf("The intervals contain these labels less often: %s. The "+
				"target holds on average, not for each class.", names)})
		}
	}
	if d.Groups > 0 && d.Groups < fewImages && len(r.Intervals) > 0 {
		out = append(out, remark{"Caution", fmt.Sprintf("The held-out images come from only %s, and images of one "+
			"group are similar. The 95 %% intervals are too narrow.", count(d.Groups, "group"))})
	}
	if few := fewHeldOut(d); few != "" {
		out = append(out, remark{"Caution", few})
	}
	return out
}

// comparedWithBaseline compares the mean error with that of the baseline. Unlike accuracy, the mean error doesn't
// favour a prediction of the most frequent class.
func comparedWithBaseline(r *metrics.Report) remark {
	base := fmt.Sprintf("The baseline always predicts %s, the most frequent class in training. It is correct for %s "+
		"and %s classes off on average.",
		quoted(r.Baseline.Class), percent.number(r.Baseline.Accuracy), round(r.Baseline.MAE))
	at, ok := r.Intervals["mae"]
	if !ok {
		return remark{"Baseline", base + " There are too few images for a test of whether the model is better."}
	}
	switch verdict(at, r.Baseline.MAE, false) {
	case better:
		return remark{"Better than the baseline", base + " The model's mean error is significantly smaller."}
	case worse:
		return remark{"Worse than the baseline", base + " The model's mean error is significantly larger: don't use " +
			"it."}
	default:
		return remark{"Not significantly better than the baseline", base + " That is within the 95" + nbsp +
			"% interval of the model's mean error, so these images don't show that the model helps."}
	}
}

// lowestRecall names the class with the lowest recall, the first of ties, and the most frequent wrong prediction for
// it. It returns false if all images are correct.
func lowestRecall(d *Data) (remark, bool) {
	worst := -1
	for i, c := range d.Metrics.PerClass {
		if c.Recall.Defined() && (worst < 0 || c.Recall < d.Metrics.PerClass[worst].Recall) {
			worst = i
		}
	}
	if worst < 0 || d.Metrics.PerClass[worst].Recall == 1 {
		return remark{}, false
	}
	c, row := d.Metrics.PerClass[worst], d.Metrics.Confusion[worst]
	instead := -1
	for j, n := range row {
		if j != worst && (instead < 0 || n > row[instead]) {
			instead = j
		}
	}
	return remark{"Hardest class (lowest recall)", fmt.Sprintf("Of %s labelled %s, %d %s predicted correctly. The most frequent wrong "+
		"prediction is %s (%s).",
		count(c.Support, "image"), quoted(c.Class), row[worst], isOrAre(row[worst]), quoted(d.Classes[instead].Name),
		times(row[instead]))}, true
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// calibrationRemark compares mean confidence with accuracy.
func calibrationRemark(r *metrics.Report) remark {
	mean, accuracy := confidence(r.Reliability)
	text := fmt.Sprintf("The most probable class has a probability (confidence) of %s on average and is correct for "+
		"%s.", percent.number(mean), percent.number(accuracy))
	const tolerance = 0.03
	switch gap := mean - accuracy; {
	case gap > tolerance:
		return remark{"Overconfident", text + " Its probabilities are too high."}
	case gap < -tolerance:
		return remark{"Underconfident", text + " Its probabilities are too low."}
	default:
		return remark{"Calibrated on average", text + " The reliability curve shows where confidence and accuracy " +
			"differ."}
	}
}

// ratersRemark compares the answers with the raters' own spread, where labels are votes.
func ratersRemark(r *metrics.Report) []remark {
	s := r.Raters
	if s == nil {
		return nil
	}
	text := fmt.Sprintf("Two raters of an image differ by %s classes on average, the answer and a rater by %s (%s with votes of two raters or more).",
		round(s.Spread), round(s.MAE), count(s.N, "image"))
	if s.Shares {
		text += " Votes are shares, so the difference of two raters is at least this."
	}
	return []remark{{"Raters", text}}
}

// fewHeldOut names the classes with fewer than fewImages held-out images; "" if there are none.
func fewHeldOut(d *Data) string {
	var names []string
	for _, c := range d.Metrics.PerClass {
		if c.Support < fewImages {
			names = append(names, fmt.Sprintf("%s (%d)", quoted(c.Class), c.Support))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("The metrics of these classes are unreliable, with fewer than %d held-out images each: %s.",
		fewImages, enumerate(names))
}

// enumerate joins up to six names and counts the rest.
func enumerate(names []string) string {
	const limit = 6
	if len(names) > limit {
		names = append(names[:limit], fmt.Sprintf("%d more", len(names)-limit))
	}
	return strings.Join(names, ", ")
}
