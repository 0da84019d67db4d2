package dataset

import (
	"context"
	"errors"

	"finetune/label"
)

// Options say what to load and how to read its labels. The zero value of every field but Path means "not given".
type Options struct {
	// Path is the data: a folder, a manifest (.csv, .tsv, .jsonl, .ndjson), or, without labels, also a list of
	// files (.txt) or one image.
	Path string
	// Order names the classes, lowest first (--order). Without it the names must be numbers or ranges.
	Order []string
	// Positions are the values of the classes (--positions), where other than those of their names.
	Positions []float64
	// LabelRegex finds the label in the path of each image, in its first group (--label-regex).
	LabelRegex string
	// GroupRegex finds the group in the path of each image, in its first group, whatever the layout.
	GroupRegex string
	// Bins are the lower edges of classes for labels that are numbers (--bins).
	Bins []float64
	// Space is that of a trained run: every label must be of it. Order, Positions and Bins must then be empty.
	Space *label.Space
	// Unlabelled loads images without labels: every Label is -1 and the Space is empty. Where the data shows a
	// label all the same, it stays in Text.
	Unlabelled bool
	// NoFiles is for a manifest whose images aren't needed, such as the index of a feature folder: it isn't
	// checked that any is there.
	NoFiles bool
}

// Load reads the data. Items come in a fixed order: a manifest's as written, others sorted by path. Whatever the
// user can mend is a *mistake.Error.
func Load(ctx context.Context, o Options) (*Set, error) {
	return nil, errors.ErrUnsupported
}
