package compare

import (
	"finetune/head"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
)

// A CompareResult is what a comparison found: compare.json. It holds no time, so equal comparisons have equal bytes.
type Result struct {
	Out       string                `json:"-"`
	Finetune  string                `json:"finetune"` // version
	Data      run.DataConfig        `json:"data"`
	Backbone  *features.NetworkInfo `json:"backbone,omitempty"`
	Features  string                `json:"features,omitempty"` // the feature folder, where there was one
	Views     *features.ViewConfig  `json:"views,omitempty"`    // of the images; none where it was the pictures alone
	Classes   []run.ClassConfig     `json:"classes"`
	Folds     []crossval.FoldSize   `json:"folds"`
	Seeds     []uint64              `json:"seeds"`
	Val       float64               `json:"val"` // share of a fold's training part that early stopping watched
	Resamples int                   `json:"resamples"`
	Units     int                   `json:"units"`  // what the bootstrap drew from: images, or groups where there are some
	Losses    []Loss                `json:"losses"` // in the order asked for
	Rows      []Row                 `json:"rows"`   // the table: by decision rule, then by loss
	Fits      []crossval.GridFit    `json:"fits"`   // by loss, fold and seed
	// Unreadable images were skipped.
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
	Notes      []string              `json:"notes,omitempty"`
}

// A CompareLoss is a loss as it was asked for and all settings that it was trained with, but for the seed. A weight decay
// that follows the number of training images is that of the first fold.
type Loss struct {
	Loss string      `json:"loss"`
	Head head.Config `json:"head"`
}

// A CompareRow holds the figures of one loss, read with one decision rule.
type Row struct {
	Decision head.Decision `json:"decision"`
	Loss     string        `json:"loss"`
	Figures  []Figure      `json:"figures"` // accuracy, one_off_accuracy, mae, rps, qwk
}

// A CompareFigure is one figure of a row. What isn't defined is NaN, null in JSON.
type Figure struct {
	Metric string         `json:"metric"` // its name in metrics.json
	Mean   metrics.Number `json:"mean"`   // over folds and seeds
	Std    metrics.Number `json:"std"`    // sample standard deviation over folds and seeds
	// SameRule is this figure less that of cross-entropy with the same rule: what the loss does. Baseline is this figure less
	// that of cross-entropy with argmax, the usual classifier: what loss and rule do together. Each is nil where it would compare
	// something with itself.
	SameRule *Difference `json:"same_rule,omitempty"`
	Baseline *Difference `json:"baseline,omitempty"`
	// Best is set where no loss has a better mean with this rule and the interval of SameRule excludes zero.
	Best bool `json:"best,omitempty"`
}

// A CompareDifference is a mean of differences over folds and seeds with its 95 % interval.
type Difference struct {
	Mean     metrics.Number    `json:"mean"`
	Interval [2]metrics.Number `json:"interval"`
}

// ExcludesZero reports whether the interval lies on one side of zero.
func (d *Difference) ExcludesZero() bool {
	return d != nil && (d.Interval[0] > 0 || d.Interval[1] < 0)
}

// A comparedMetric is a figure that losses are compared by.
type comparedMetric struct {
	name   string
	higher bool // is better
	of     func(*metrics.Figures) metrics.Number
}

var comparedMetrics = []comparedMetric{
	{"accuracy", true, func(f *metrics.Figures) metrics.Number { return f.Accuracy }},
	{"one_off_accuracy", true, func(f *metrics.Figures) metrics.Number { return f.OneOffAccuracy }},
	{"mae", false, func(f *metrics.Figures) metrics.Number { return f.MAE }},
	{"rps", false, func(f *metrics.Figures) metrics.Number { return f.RPS }},
	{"qwk", true, func(f *metrics.Figures) metrics.Number { return f.QWK }},
}
