package main

import (
	"strings"

	"github.com/spf13/pflag"

	"finetune/invalid"
	"finetune/label"
	"finetune/pipeline/dataset"
	"finetune/pipeline/train"
)

// addLabelFlags binds how labels are read.
func addLabelFlags(f *pflag.FlagSet, o *dataset.Options) {
	f.Var(&orderFlag{&o.Order}, "order", "the classes, lowest first, with commas between (needed unless they are numbers or ranges)")
	f.Var(&listFlag[float64]{&o.Positions, finite("--positions")}, "positions", "where the classes lie, for ground distances and errors in label units")
	f.StringVar(&o.LabelRegex, "label-regex", "", "`pattern` whose first group is the label in an image's path, e.g. '^(\\d+)_'")
	f.StringVar(&o.GroupRegex, "group-regex", "", "`pattern` whose first group is the group ID, kept within one split, e.g. a person")
	f.Var(&binsFlag{o}, "bins", "lower edges of the classes, for labels that are numbers, e.g. 0,3,7,13; or auto")
	f.StringVar(&o.ImageColumn, "image-column", "", "`name` of the table's column with image paths (default path)")
	f.StringVar(&o.LabelColumn, "label-column", "", "`name` of the column with labels (default label)")
	f.StringVar(&o.SplitColumn, "split-column", "", "`name` of the column with train, val or test (default split)")
	f.StringVar(&o.FoldColumn, "fold-column", "", "`name` of the column with folds (default fold)")
	f.StringVar(&o.GroupColumn, "group-column", "", "`name` of the column with group IDs, kept within one split (default group)")
	f.StringVar(&o.WeightColumn, "weight-column", "", "`name` of the column with weights (default weight)")
	f.StringSliceVar(&o.VoteColumns, "vote-columns", nil, "`names` of the columns with votes, one for each class, lowest first; c* is a prefix")
}

// binsFlag reads the edges of bins, or auto.
type binsFlag struct{ o *dataset.Options }

var _ pflag.Value = (*binsFlag)(nil)

func (*binsFlag) Type() string { return "numbers" }

func (b *binsFlag) String() string {
	if b.o == nil {
		return ""
	}
	if b.o.AutoBins {
		return autoDecision
	}
	return (&listFlag[float64]{p: &b.o.Bins}).String()
}

// Set reads the edges.
func (b *binsFlag) Set(text string) error {
	if text == autoDecision {
		b.o.AutoBins, b.o.Bins = true, nil
		return nil
	}
	if err := (&listFlag[float64]{&b.o.Bins, finite("--bins")}).Set(text); err != nil {
		return err
	}
	b.o.AutoBins = false
	return nil
}

// givenOf returns those of the flags that the user gave, with dashes.
func givenOf(f *pflag.FlagSet, names ...string) []string {
	var given []string
	for _, name := range names {
		if f.Changed(name) {
			given = append(given, "--"+name)
		}
	}
	return given
}

// addSplitFlags binds how the data is cut. test declares the share of the test part.
func addSplitFlags(f *pflag.FlagSet, o *dataset.SplitOptions, test invalid.Number) {
	testDefault := ""
	if test.AutoIs != "" {
		testDefault = " (default auto: " + test.AutoIs + ")"
	}
	addNumber(f, &o.Val, dataset.Numbers.Val, "val-split", "`share` of the images for early stopping, where the data names none")
	addNumber(f, &o.Test, test, "test-split", "`share` of the images held out for the figures, where the data names none"+testDefault)
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed of every random choice")
}

// addFoldFlags binds the cross-validation.
func addFoldFlags(f *pflag.FlagSet, job *train.Job) {
	addNumber(f, &job.Folds, train.Numbers.Folds, "folds", "hold out every image once in so many `folds`, those of the data where it gives some, and train the head on all")
	f.BoolVar(&job.Refit, "refit", false, "train the head on all images that aren't held out, with the figures out of fold: what --folds 5 does, and the closed form by itself")
	addNumber(f, &job.Repeats, train.Numbers.Repeats, "repeats", "do so this many `times` with other folds (default 1)")
}

// orderFlag reads names with commas between, where a name may hold commas inside brackets.
type orderFlag struct{ names *[]string }

func (o *orderFlag) String() string {
	if o.names == nil {
		return ""
	}
	return strings.Join(*o.names, ",")
}
func (o *orderFlag) Type() string { return "a,b,c" }
func (o *orderFlag) Set(text string) (err error) {
	*o.names, err = label.ParseList(text)
	return err
}

// addSpreadsheetFlag binds how text is written to tables that people open.
func addSpreadsheetFlag(f *pflag.FlagSet, safe *bool) {
	f.BoolVar(safe, "spreadsheet-safe", false, "put an apostrophe before text in a CSV that a spreadsheet would take for a formula")
}
