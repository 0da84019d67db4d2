package main

import (
	"strconv"

	"github.com/spf13/pflag"

	"finetune/augment"
	"finetune/invalid"
	"finetune/pipeline/features"
)

// addViewFlags binds which views of an image become features.
func addViewFlags(f *pflag.FlagSet, i *features.Images) {
	addNumber(f, &i.Views, features.Numbers.Views, "views", viewsHelp+" (default 1)")
	addAugmentFlags(f, i)
}

// addAugmentFlags binds what views are.
func addAugmentFlags(f *pflag.FlagSet, i *features.Images) {
	f.Var(&augmentFlag{&i.Augment.Kinds}, "augment", "what views may change: some of flip (left and right), crop, scale and colour, with commas between (default all); leave out flip where left and right matter")
	f.Uint64Var(&i.Augment.Seed, "augment-seed", 0, "seed of the views; another one makes other views, and --seed does not")
}

const viewsHelp = "`number` of views of each image to train on, the image itself being one and its mirror image the second; each takes the network as long as an image does"

// A viewsFlag is a number of views, or auto.
type viewsFlag struct {
	views *int
	auto  *bool
}

var _ pflag.Value = (*viewsFlag)(nil)

func (*viewsFlag) Type() string { return "number" }

func (v *viewsFlag) String() string {
	switch {
	case v.views == nil || *v.views == 0 && !*v.auto:
		return ""
	case *v.auto:
		return autoDecision
	}
	return strconv.Itoa(*v.views)
}

func (v *viewsFlag) Set(text string) error {
	if *v.auto = text == autoDecision; *v.auto {
		*v.views = 0
		return nil
	}
	return newNumber(v.views, features.Numbers.Views, "views").Set(text)
}

// addChosenViewFlags is addViewFlags where the number of views may be chosen.
func addChosenViewFlags(f *pflag.FlagSet, i *features.Images, auto *bool) {
	f.Var(&viewsFlag{&i.Views, auto}, "views", viewsHelp+"; auto: the mirror image only where that lowers the out-of-fold RPS (default 1)")
	addAugmentFlags(f, i)
}

// addTTAFlag binds how many views a prediction is the mean of.
func addTTAFlag(f *pflag.FlagSet, tta *int, byDefault string) {
	f.Var(&ttaFlag{tta}, "tta", "predict the mean over the views that were trained on, or over the image and its mirror image; --tta=N over so many, --tta=false over the image alone (default "+byDefault+")")
	f.Lookup("tta").NoOptDefVal = "true"
}

// augmentFlag reads a set of changes.
type augmentFlag struct{ kinds *augment.Kinds }

var _ pflag.Value = (*augmentFlag)(nil)

func (a *augmentFlag) Type() string { return "changes" }
func (a *augmentFlag) String() string {
	if a.kinds == nil {
		return ""
	}
	return a.kinds.String()
}
func (a *augmentFlag) Set(text string) (err error) {
	*a.kinds, err = augment.ParseKinds(text)
	return err
}

// ttaFlag reads a number of views, or true or false.
type ttaFlag struct{ views *int }

var _ pflag.Value = (*ttaFlag)(nil)

func (t *ttaFlag) Type() string { return "views" }
func (t *ttaFlag) String() string {
	if t.views == nil || *t.views == 0 {
		return ""
	}
	return strconv.Itoa(*t.views)
}
func (t *ttaFlag) Set(text string) error {
	if n, ok := parseNumber[int](text, features.Numbers.Views); ok {
		*t.views = n
		return nil
	}
	all, err := strconv.ParseBool(text)
	if err != nil {
		return &invalid.Error{Field: "--tta", Found: strconv.Quote(text), Want: "nothing, true, false or " + features.Numbers.Views.Values()}
	}
	*t.views = 1
	if all {
		*t.views = features.AllViews
	}
	return nil
}
