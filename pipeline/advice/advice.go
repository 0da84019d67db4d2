// Package advice says what to do next, from what a run has measured, and nothing where nothing is proven. It knows
// figures alone: no images, no files, no flags of a command.
package advice

import (
	"fmt"
	"math"
	"strings"

	"finetune/label"
	"finetune/pipeline/learncurve"
	"finetune/pipeline/metrics"
)

// Evidence is what advice is drawn from. Only Space and Metrics are needed.
type Evidence struct {
	Space    label.Space
	Metrics  metrics.Report
	Trained  []int // training images of each class; nil where unknown
	Suspects int   // labels that speak against their predictions
	Judged   int   // labels that were looked at for that
	// Units are the independent images, or groups, that prediction intervals were calibrated on, NeedUnits how many their coverage needs; 0
	// where unknown.
	Units, NeedUnits int
	Curve            *learncurve.Curve // nil where none was measured
}

// A Kind names a rule, so that a program can act on it.
type Kind string

// The kinds of advice, in the order in which they are given.
const (
	NoBetter     Kind = "no_better_than_baseline"
	CheckLabels  Kind = "check_labels"
	MergeClasses Kind = "merge_classes"
	LabelClasses Kind = "label_classes"
	LabelMore    Kind = "label_more"
	Enough       Kind = "enough_labels"
	TryHidden    Kind = "try_hidden"
	WideRanges   Kind = "wide_ranges"
	LikeRaters   Kind = "like_raters"
	SetAside     Kind = "set_aside"
)

// An Item is one piece of advice.
type Item struct {
	Kind    Kind     `json:"kind"`
	Text    string   `json:"text"`              // a sentence or two, with the figures that it rests on
	Classes []string `json:"classes,omitempty"` // that it is about
}

// most is the largest number of items.
const most = 5

// Of returns up to five items, the most pressing first.
func Of(e Evidence) []Item {
	var items []Item
	for _, rule := range []func(Evidence) *Item{
		noBetter, checkLabels, mergeClasses, labelClasses, moreLabels, tryHidden, wideRanges, likeRaters, setAside,
	} {
		if item := rule(e); item != nil && len(items) < most {
			items = append(items, *item)
		}
	}
	return items
}

// noBetter: the interval of the MAE reaches the baseline.
func noBetter(e Evidence) *Item {
	at, ok := e.Metrics.Intervals["mae"]
	base := e.Metrics.Baseline.MAE
	if !ok || !base.Defined() || at[1] < base {
		return nil
	}
	return &Item{Kind: NoBetter, Text: fmt.Sprintf(
		"The head isn't proven better than always predicting %q: its MAE is %v classes (95 %% "+
			"interval %v to %v), the baseline's %v. Check the labels and the images before you use it.",
		e.Metrics.Baseline.Class,
		e.Metrics.MAE,
		at[0],
		at[1],
		base,
	)}
}

// checkLabels: at least one label in a hundred, and five, speak against predictions of heads that weren't trained on
// them.
func checkLabels(e Evidence) *Item {
	const least, leastShare = 5, 0.01
	if e.Suspects < least || float64(e.Suspects) < leastShare*float64(e.Judged) {
		return nil
	}
	return &Item{Kind: CheckLabels, Text: fmt.Sprintf(
		"%d of %d labels (%.1f %%) disagree with predictions of heads that weren't trained on them. Check these first; "+
			"suspects.csv lists them.",
		e.Suspects,
		e.Judged,
		100*float64(e.Suspects)/float64(e.Judged),
	)}
}

// mergeClasses: among images of two neighbouring classes that were answered with either, the answer surely hardly
// depends on the class. Of perfect answers the two shares below differ by 1, of random ones by 0.
func mergeClasses(e Evidence) *Item {
	const leastImages, tooLittle = 20, 0.25
	for c := 0; c+1 < len(e.Metrics.Confusion); c++ {
		low, high := e.Metrics.Confusion[c], e.Metrics.Confusion[c+1]
		n, m := float64(low[c]+low[c+1]), float64(high[c]+high[c+1])
		if n < leastImages || m < leastImages {
			continue
		}
		difference, upper := newcombe(float64(high[c+1]), m, float64(low[c+1]), n)
		if upper >= tooLittle {
			continue
		}
		a, b := e.Space.Class(c), e.Space.Class(c+1)
		return &Item{Kind: MergeClasses, Classes: []string{a, b}, Text: fmt.Sprintf(
			"%q and %q are hardly separated: of the images predicted as either, %q is predicted for %.0f %% of "+
				"the one and %.0f %% of the other (a difference of %.2f, at most %.2f). Merge the classes, or "+
				"define their boundary more clearly.",
			a,
			b,
			b,
			100*float64(low[c+1])/n,
			100*float64(high[c+1])/m,
			difference,
			upper,
		)}
	}
	return nil
}

// newcombe returns the difference of two shares, and the upper end of its 95 % interval (Newcombe 1998, method 10).
func newcombe(x1, n1, x2, n2 float64) (difference, upper float64) {
	p, q := x1/n1, x2/n2
	u1, l2 := float64(metrics.Wilson(x1, n1)[1]), float64(metrics.Wilson(x2, n2)[0])
	return p - q, p - q + math.Hypot(u1-p, q-l2)
}

// labelClasses: ranges surely hold the true class less often than wanted for images of some class, of which there are
// fewer training images than of the average class.
func labelClasses(e Evidence) *Item {
	s := e.Metrics.Sets
	if s == nil || len(e.Trained) != len(s.PerClass) {
		return nil
	}
	total := 0
	for _, n := range e.Trained {
		total += n
	}
	var classes, held []string
	for c, p := range s.PerClass {
		if p.N > 0 && float64(p.Interval[1]) < s.TargetCoverage && e.Trained[c]*len(e.Trained) < total {
			classes = append(classes, e.Space.Class(c))
			held = append(
				held,
				fmt.Sprintf(
					"%q: %.0f %%, %d training images",
					e.Space.Class(c),
					100*float64(p.Coverage),
					e.Trained[c],
				),
			)
		}
	}
	if classes == nil {
		return nil
	}
	return &Item{Kind: LabelClasses, Classes: classes, Text: fmt.Sprintf(
		"The coverage of prediction intervals is below the target of %.0f %% for classes with "+
			"few training images (%s). Label more images of these.",
		100*s.TargetCoverage,
		strings.Join(held, "; "),
	)}
}

// moreLabels: doubling the images surely lowered the error, or the error of the probabilities, or surely by little.
func moreLabels(e Evidence) *Item {
	const little = 0.02 // of the error
	if e.Curve == nil || len(e.Curve.Points) < 2 {
		return nil
	}
	points, d := e.Curve.Points, e.Curve.MAE
	half, all := points[len(points)-2], points[len(points)-1]
	change := fmt.Sprintf(
		"From %d to %d training images the MAE changed from %v to %v classes (95 %% interval of the change %v to %v)",
		half.Images,
		all.Images,
		half.MAE,
		all.MAE,
		d.Interval[0],
		d.Interval[1],
	)
	switch {
	case d.Proven():
		item := &Item{Kind: LabelMore, Text: change + ": more labels should lower it further."}
		for c, by := range e.Curve.ByClass {
			if by.Proven() {
				item.Classes = append(item.Classes, e.Space.Class(c))
			}
		}
		if item.Classes != nil {
			item.Text += fmt.Sprintf(" It fell for images of %s.", strings.Join(item.Classes, ", "))
		}
		return item
	case e.Curve.RPS.Proven():
		return &Item{Kind: LabelMore, Text: fmt.Sprintf(
			"From %d to %d training images the RPS changed from %v to %v (95 %% interval of the change %v to %v), so more "+
				"labels should improve the probabilities. An improvement of the MAE isn't proven.",
			half.Images,
			all.Images,
			half.RPS,
			all.RPS,
			e.Curve.RPS.Interval[0],
			e.Curve.RPS.Interval[1],
		)}
	case d.Interval[0].Defined() && float64(d.Interval[0]) > -little*float64(half.MAE):
		return &Item{Kind: Enough, Text: change + ": more labels of the same kind would change little."}
	}
	return nil
}

// tryHidden: a hidden layer surely lowered the error on a fold of the training images.
func tryHidden(e Evidence) *Item {
	if e.Curve == nil || e.Curve.Hidden == nil || !e.Curve.Hidden.MAE.Proven() {
		return nil
	}
	d := e.Curve.Hidden.MAE
	return &Item{Kind: TryHidden, Text: fmt.Sprintf(
		"On a fold of the training images a hidden layer of %d units changed the MAE by %v classes"+
			" (95 %% interval %v to %v). Train with a hidden layer.",
		e.Curve.Hidden.Width,
		d.Of,
		d.Interval[0],
		d.Interval[1],
	)}
}

// wideRanges: on average a range holds more than half of the classes.
func wideRanges(e Evidence) *Item {
	s := e.Metrics.Sets
	if s == nil || 2*float64(s.Width) <= float64(e.Space.Len()) {
		return nil
	}
	return &Item{Kind: WideRanges, Text: fmt.Sprintf(
		"Prediction intervals with a target coverage of %.0f %% contain %.1f of the %d classes on average. %s",
		100*s.TargetCoverage,
		float64(s.Width),
		e.Space.Len(),
		narrower(e),
	)}
}

// narrower says what narrows prediction intervals. Where there are too few independent images for the coverage, every interval holds
// every class, and a lower coverage would only hide that.
func narrower(e Evidence) string {
	if e.Units < e.NeedUnits {
		return fmt.Sprintf("The coverage needs at least %d independent images (or groups, such as persons) to calibrate on, and there are %d: "+
			"label images of more of them.", e.NeedUnits, e.Units)
	}
	return "Choose a lower coverage, or use fewer classes."
}

// likeRaters: the answers are surely at least as near to a rater as two raters are to each other.
func likeRaters(e Evidence) *Item {
	r := e.Metrics.Raters
	if r == nil || r.Shares || !r.MAEInterval[1].Defined() || r.MAEInterval[1] > r.Spread {
		return nil
	}
	return &Item{Kind: LikeRaters, Text: fmt.Sprintf(
		"A prediction and a rater differ by %v classes on average (at most %v), two raters by %v: the "+
			"predictions are as good as another rater's. More raters for each image help more than more training.",
		r.MAE,
		r.MAEInterval[1],
		r.Spread,
	)}
}

// setAside: among the surest four fifths surely fewer answers are wrong than among all.
func setAside(e Evidence) *Item {
	const kept = 0.8
	c := e.Metrics.Risk
	if c == nil || len(c.Points) == 0 {
		return nil
	}
	all := c.Points[len(c.Points)-1]
	for _, p := range c.Points {
		if p.Coverage < kept || !p.Aside.Defined() {
			continue
		}
		if !(p.Interval[1] < all.Error) {
			return nil
		}
		return &Item{Kind: SetAside, Text: fmt.Sprintf(
			"Of the %.0f %% least certain images %.0f %% are predicted wrongly, of "+
				"the others %.0f %%, of all %.0f %%: leave the least certain ones to a person.",
			100*(1-p.Coverage),
			100*float64(p.Aside),
			100*float64(p.Error),
			100*float64(all.Error),
		)}
	}
	return nil
}
