package check

import (
	"finetune/pipeline/artifact"
	"finetune/pipeline/run"
	"fmt"
	"strings"
)

// fewImages is how many images of a class a head needs at least to learn it, as a rule of thumb.
const fewImages = 10

// A checkRule is something that may be wrong, and where it is.
type rule struct {
	severity Severity
	kind     string
	list     func(r *Result) []string // a line each
	found    string                   // %d and the words for one and for several: {one|several}
	do       string
}

// checkRules are all that a Check says, problems first. Of copies in one group the user knows that they belong together: grades of damage to
// one picture, say, have different labels rightly. Only equal files can't.
var rules = []rule{
	{
		Problem, "unreadable", func(r *Result) []string {
			return lines(r, r.Unreadable, func(*Result, artifact.Unreadable) bool { return true }, func(u artifact.Unreadable) string { return u.Path + ": " + u.Reason })
		},
		"%d {image|images} can't be read", "mend or remove them; training skips them",
	},
	{
		Problem, "straddling-groups", func(r *Result) []string {
			return lines(r, r.Straddling, func(*Result, StraddlingGroup) bool { return true }, func(g StraddlingGroup) string { return g.Group })
		},
		"%d {group is|groups are} in several parts of the split", "put each into one part; training refuses them",
	},
	{
		Problem, "empty-classes", classesWith(func(_ *Result, c ClassCount) bool { return c.All == 0 }),
		"%d {class has|classes have} no image", "leave them out of the class order or the bins, or add images",
	},
	{
		Problem, "labels-of-equal-files", copiesWith(func(_ *Result, c Copies) bool { return c.SameBytes && c.LabelsApart > 0 }),
		"%d {file is|files are} there again, byte for byte, with another label", "decide on one label and keep one file",
	},
	{
		Problem, "labels-of-copies", copiesWith(func(_ *Result, c Copies) bool {
			return c.Sure && c.GroupsApart && !c.SameBytes && c.LabelsApart > 1
		}),
		"%d {picture has|pictures have} copies with labels two or more classes apart", "look at them, and correct the label that is wrong",
	},
	{
		Problem, "copies-across-split", copiesWith(func(r *Result, c Copies) bool { return r.SplitBy == "data" && c.Sure && c.AcrossSplit }),
		"%d {picture has|pictures have} copies on several sides of the split that the data names: figures would flatter",
		"keep each on one side",
	},
	{
		Warning, "copies-parted-by-chance", copiesWith(func(r *Result, c Copies) bool { return r.SplitBy == "seed" && c.AcrossSplit && c.GroupsApart }),
		"%d {picture has|pictures have} copies that a random split parts: figures would flatter",
		"train on the manifest that check writes, where each is a group",
	},
	{
		Warning, "alike-across-split", copiesWith(func(r *Result, c Copies) bool { return r.SplitBy == "data" && !c.Sure && c.AcrossSplit }),
		"%d {picture has|pictures have} what may be copies on several sides of the split", "look at them, and keep copies on one side",
	},
	{
		Warning, "labels-of-lookalikes", copiesWith(func(_ *Result, c Copies) bool {
			return c.GroupsApart && !c.SameBytes && c.LabelsApart > 0 && !(c.Sure && c.LabelsApart > 1)
		}),
		"%d {picture has|pictures have} copies, or what may be copies, with different labels", "look at them: where it is one picture, a label is wrong",
	},
	{
		Warning, "copies", copiesWith(func(_ *Result, c Copies) bool { return c.GroupsApart && c.LabelsApart == 0 && !c.AcrossSplit }),
		"%d {picture has|pictures have} copies with the same label in one part", "keep them, or keep one of each",
	},
	{
		Warning, "suspect-labels", func(r *Result) []string {
			return lines(r, r.Suspects, func(*Result, run.SuspectLabel) bool { return true }, func(s run.SuspectLabel) string {
				return fmt.Sprintf("%s: labelled %s, looks like %s", s.Path, s.Label, s.Suggested)
			})
		},
		"%d {label speaks against its picture|labels speak against their pictures}", "look at those listed first; heads trained on the other images doubt them",
	},
	{
		Warning, "tiny", func(r *Result) []string {
			return lines(r, r.Tiny, func(*Result, TinyImage) bool { return true }, func(i TinyImage) string { return fmt.Sprintf("%s: %d × %d", i.Path, i.Width, i.Height) })
		},
		"%d {image is|images are} tiny: the network sees them enlarged more than four times", "find larger ones, or expect blur to be learned",
	},
	{
		Warning, "few-images", classesWith(func(_ *Result, c ClassCount) bool { return c.All > 0 && c.All < fewImages }),
		fmt.Sprintf("%%d {class has|classes have} fewer than %d images", fewImages), "find more, or join neighbouring classes",
	},
	{
		Warning, "absent-from-train", classesWith(func(r *Result, c ClassCount) bool { return r.cut && c.All > 0 && c.Train == 0 }),
		"%d {class has|classes have} no image to train on", "no head can learn {it|them}; move some there",
	},
	{
		Warning, "absent-from-test", classesWith(func(r *Result, c ClassCount) bool { return r.cut && c.All > 0 && c.Test == 0 }),
		"%d {class has|classes have} no image in the test part", "nobody will know how the head does there; move some",
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

// lines describes the things of a list that a rule is about.
func lines[T any](r *Result, list []T, is func(*Result, T) bool, describe func(T) string) []string {
	var out []string
	for _, v := range list {
		if is(r, v) {
			out = append(out, describe(v))
		}
	}
	return out
}

// sumUp puts what was found into words.
func (r *Result) sumUp() {
	r.Findings = []Finding{} // an empty list in JSON
	for _, rule := range rules {
		if list := rule.list(r); len(list) > 0 {
			n := len(list)
			r.Findings = append(r.Findings, Finding{rule.severity, rule.kind, n, fmt.Sprintf(inNumber(rule.found, n), n), inNumber(rule.do, n), list})
		}
	}
}

// inNumber chooses of each {one|several} the words for n.
func inNumber(text string, n int) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		choice, after, _ := strings.Cut(rest, "}")
		one, several, _ := strings.Cut(choice, "|")
		if n == 1 {
			out.WriteString(one)
		} else {
			out.WriteString(several)
		}
		text = after
	}
}
