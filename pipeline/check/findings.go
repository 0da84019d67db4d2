package check

import (
	"fmt"
	"strings"

	"finetune/pipeline/artifact"
	"finetune/pipeline/run"
)

// fewImages is how many images of a class a head needs at least to learn it, as a rule of thumb.
const fewImages = 10

// A rule detects one kind of finding.
type rule struct {
	severity Severity
	kind     string
	list     func(r *Result) []string // one line for each case
	message  string                   // with %d for their number and {singular|plural}
	advice   string                   // with {singular|plural}
}

// rules are all kinds of findings, problems first. Copies in one group can rightly have different labels, such as
// degradation grades of one picture, unless their files are equal.
var rules = []rule{
	{
		Problem, "unreadable", func(r *Result) []string {
			return lines(r, r.Unreadable, func(*Result, artifact.Unreadable) bool { return true },
				func(u artifact.Unreadable) string { return u.Path + ": " + u.Reason })
		},
		"%d {image|images} can't be read", "repair or remove {it|them}; training skips {it|them}",
	},
	{
		Problem, "straddling-groups", func(r *Result) []string {
			return lines(r, r.SplitGroups, func(*Result, SplitGroup) bool { return true },
				func(g SplitGroup) string { return g.Group })
		},
		"%d {group has|groups have} images in more than one part of the split",
		"assign each group to one part; training rejects such data",
	},
	{
		Problem, "empty-classes", classesWith(func(_ *Result, c ClassCount) bool { return c.All == 0 }),
		"%d {class has|classes have} no image", "leave them out of the class order or the bins, or add images",
	},
	{
		Problem, "labels-of-equal-files", copiesWith(func(_ *Result, c Copies) bool {
			return c.SameBytes && c.LabelRange > 0
		}),
		"%d {file has|files have} an identical copy with another label", "decide on one label and keep one file",
	},
	{
		Problem, "labels-of-copies", copiesWith(func(_ *Result, c Copies) bool {
			return c.Certain && c.GroupsVary && !c.SameBytes && c.LabelRange > 1
		}),
		"%d {image has|images have} copies whose labels differ by two or more classes",
		"look at them and correct the wrong label",
	},
	{
		Problem, "copies-across-split", copiesWith(func(r *Result, c Copies) bool {
			return r.SplitBy == "data" && c.Certain && c.AcrossSplit
		}),
		"%d {image has|images have} copies in other parts of the data's split, which makes metrics too optimistic",
		"assign copies to the same part",
	},
	{
		Warning, "copies-parted-by-chance", copiesWith(func(r *Result, c Copies) bool {
			return r.SplitBy == "seed" && c.AcrossSplit && c.GroupsVary
		}),
		"%d {image has|images have} copies in other parts of a random split, which makes metrics too optimistic",
		"train on the manifest that check writes, in which copies share a group",
	},
	{
		Warning, "alike-across-split", copiesWith(func(r *Result, c Copies) bool {
			return r.SplitBy == "data" && !c.Certain && c.AcrossSplit
		}),
		"%d {image has|images have} possible copies in other parts of the split",
		"look at them and assign copies to the same part",
	},
	{
		Warning, "labels-of-lookalikes", copiesWith(func(_ *Result, c Copies) bool {
			return c.GroupsVary && !c.SameBytes && c.LabelRange > 0 && !(c.Certain && c.LabelRange > 1)
		}),
		"%d {image has|images have} copies or possible copies with different labels",
		"look at them: if they are copies, a label is wrong",
	},
	{
		Warning, "copies", copiesWith(func(_ *Result, c Copies) bool {
			return c.GroupsVary && c.LabelRange == 0 && !c.AcrossSplit
		}),
		"%d {image has|images have} copies with the same label in the same part", "keep them, or keep one of each",
	},
	{
		Warning, "suspect-labels", func(r *Result) []string {
			return lines(r, r.Suspects, func(*Result, run.SuspectLabel) bool { return true },
				func(s run.SuspectLabel) string {
					return fmt.Sprintf("%s: label %s, predicted %s", s.Path, s.Label, s.Suggested)
				})
		},
		"%d {label differs|labels differ} from out-of-fold predictions",
		"look at the first ones: the label or the prediction is wrong",
	},
	{
		Warning, "tiny", func(r *Result) []string {
			return lines(r, r.Tiny, func(*Result, TinyImage) bool { return true },
				func(i TinyImage) string { return fmt.Sprintf("%s: %d × %d", i.Path, i.Width, i.Height) })
		},
		"%d {image is|images are} tiny: resizing enlarges {it|them} more than four times",
		"use larger images, or the head may learn the blur",
	},
	{
		Warning, "few-images", classesWith(func(_ *Result, c ClassCount) bool {
			return c.All > 0 && c.All < fewImages
		}),
		fmt.Sprintf("%%d {class has|classes have} fewer than %d images", fewImages),
		"add images, or merge adjacent classes",
	},
	{
		Warning, "absent-from-train", classesWith(func(r *Result, c ClassCount) bool {
			return r.split && c.All > 0 && c.Train == 0
		}),
		"%d {class has|classes have} no training image", "move images to the training part; the head can't learn " +
			"{this class|these classes}",
	},
	{
		Warning, "absent-from-test", classesWith(func(r *Result, c ClassCount) bool {
			return r.split && c.All > 0 && c.Test == 0
		}),
		"%d {class has|classes have} no image in the test part",
		"move images to the test part; {this class|these classes} can't be evaluated",
	},
}

func classesWith(is func(r *Result, c ClassCount) bool) func(r *Result) []string {
	return func(r *Result) []string {
		return lines(r, r.Classes, is, func(c ClassCount) string { return fmt.Sprintf("%s: %d", c.Class, c.All) })
	}
}

func copiesWith(is func(r *Result, c Copies) bool) func(r *Result) []string {
	return func(r *Result) []string { return lines(r, r.Copies, is, Copies.String) }
}

// lines describes the elements of a list that satisfy is.
func lines[T any](r *Result, list []T, is func(*Result, T) bool, describe func(T) string) []string {
	var out []string
	for _, v := range list {
		if is(r, v) {
			out = append(out, describe(v))
		}
	}
	return out
}

// summarize sets Findings.
func (r *Result) summarize() {
	r.Findings = []Finding{} // an empty list in JSON
	for _, rule := range rules {
		if list := rule.list(r); len(list) > 0 {
			n := len(list)
			r.Findings = append(r.Findings, Finding{rule.severity, rule.kind, n,
				fmt.Sprintf(inflect(rule.message, n), n), inflect(rule.advice, n), list})
		}
	}
}

// inflect replaces each {singular|plural} by the form for n.
func inflect(text string, n int) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		choice, after, _ := strings.Cut(rest, "}")
		singular, plural, _ := strings.Cut(choice, "|")
		if n == 1 {
			out.WriteString(singular)
		} else {
			out.WriteString(plural)
		}
		text = after
	}
}
