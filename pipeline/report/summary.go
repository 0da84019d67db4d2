package report

import (
	"fmt"
	"strings"

	"finetune/pipeline/metrics"
)

// fewImages is how few held-out images of a class leave its figures to luck.
const fewImages = 20

// A remark is one sentence of the summary.
type remark struct {
	Mark string // what it says in a word, for those who skim
	Text string
}

// summary says in sentences what the figures say, so that the page can be read without knowing them.
func summary(d *Data) []remark {
	r := &d.Metrics
	interval := func(key string, u unit) string {
		if at, ok := r.Intervals[key]; ok {
			return " (95" + nbsp + "% interval " + u.interval(at) + ")"
		}
		return ""
	}
	out := []remark{{"How good", fmt.Sprintf("On %s the answer is exactly right for %s%s and right or one class off for %s.",
		count(r.N, "held-out image"), percent.number(r.Accuracy), interval("accuracy", percent), percent.number(r.OneOffAccuracy))}}
	miss := fmt.Sprintf("On average it is %s classes off%s", round(r.MAE), interval("mae", plain))
	if r.MAEUnits.Defined() {
		miss += fmt.Sprintf(", %s in the units of the labels", round(r.MAEUnits))
	}
	out = append(out, remark{"How far off", miss + "."}, against(r))
	if f := d.Folds; f != nil {
		out = append(out, remark{"Over the folds", fmt.Sprintf("The %d heads of the folds are right for %s and off by %s classes, each on the images that it hasn't seen (mean ± standard deviation).",
			len(f.Each), percent.spread(f.Mean.Accuracy, f.Std.Accuracy), plain.spread(f.Mean.MAE, f.Std.MAE))})
	}
	if weak, ok := weakest(d); ok {
		out = append(out, weak)
	}
	out = append(out, honesty(r))
	if s := r.Sets; s != nil {
		out = append(out, remark{"Ranges", fmt.Sprintf("The range of classes that it names beside each answer holds the label for %s of the held-out images, %s were asked for; it holds %s of the %d classes on average.",
			percent.number(s.Coverage), percent.number(metrics.Number(s.Wanted)), round(s.Width), len(d.Classes))})
		if names := missed(s); names != "" {
			out = append(out, remark{"Take care", fmt.Sprintf("Images with these labels lie outside of their range more often than that: %s. Ranges keep their promise on average, not for each class.", names)})
		}
	}
	if d.Groups > 0 && d.Groups < fewImages && len(r.Intervals) > 0 {
		out = append(out, remark{"Take care", fmt.Sprintf("The held-out images come from %s only, and images of one group resemble each other: the intervals are too narrow to rely on.", count(d.Groups, "group"))})
	}
	if few := scarce(d); few != "" {
		out = append(out, remark{"Take care", few})
	}
	return out
}

// against compares with the baseline by the mean error, the figure that doesn't reward knowing which class is common.
func against(r *metrics.Report) remark {
	base := fmt.Sprintf("Always answering %s, the commonest class in training, would be right for %s and on average %s classes off.",
		quoted(r.Baseline.Class), percent.number(r.Baseline.Accuracy), round(r.Baseline.MAE))
	switch at, ok := r.Intervals["mae"]; {
	case !ok:
		return remark{"Better than no model?", base + " There are too few images to say whether the model is surely better."}
	case verdict(at, r.Baseline.MAE, false) == surelyBetter:
		return remark{"Better than no model", base + " The model's error is smaller by more than chance explains."}
	case verdict(at, r.Baseline.MAE, false) == surelyWorse:
		return remark{"Worse than no model", base + " The model's error is larger than that: don't use it."}
	default:
		return remark{"Not surely better than no model", base + " That lies within the interval of the model's error, so these images don't show that the model helps."}
	}
}

// weakest names the class with the least recall, the first of ties, and what it is taken for; false where all are found.
func weakest(d *Data) (remark, bool) {
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
	return remark{"Weakest class", fmt.Sprintf("Of %s labelled %s it finds %d; it most often answers %s instead (%s).",
		count(c.Support, "image"), quoted(c.Class), row[worst], quoted(d.Classes[instead].Name), times(row[instead]))}, true
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// honesty compares stated confidence with what came true.
func honesty(r *metrics.Report) remark {
	stated, right := confidence(r.Reliability)
	text := fmt.Sprintf("It gives its likeliest class %s on average, and that class is right for %s.", percent.number(stated), percent.number(right))
	const near = 0.03
	switch gap := stated - right; {
	case gap > near:
		return remark{"Too sure of itself", text + " Its probabilities promise too much."}
	case gap < -near:
		return remark{"Surer than it says", text + " Its probabilities are cautious."}
	default:
		return remark{"As sure as it should be", text + " On average its probabilities can be taken at their word; the curve below shows where not."}
	}
}

// scarce names the classes with too few held-out images; "" where there are none.
func scarce(d *Data) string {
	var names []string
	for _, c := range d.Metrics.PerClass {
		if c.Support < fewImages {
			names = append(names, fmt.Sprintf("%s (%d)", quoted(c.Class), c.Support))
		}
	}
	if len(names) == 0 {
		return ""
	}
	const most = 6
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	return fmt.Sprintf("Fewer than %d held-out images bear these labels, so what is said of them is partly luck: %s.", fewImages, strings.Join(names, ", "))
}
