package compare

import (
	"finetune/head"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
)

// A Result is the content of compare.json. It contains no times, so equal comparisons have equal bytes.
type Result struct {
	Out       string                `json:"-"`
	Finetune  string                `json:"finetune"` // version
	Data      run.DataConfig        `json:"data"`
	Backbone  *features.NetworkInfo `json:"backbone,omitempty"`
	Features  string                `json:"features,omitempty"` // the feature folder, if one was given
	Views     *features.ViewConfig  `json:"views,omitempty"`    // nil for the images alone
	Classes   []run.ClassConfig     `json:"classes"`
	Folds     []crossval.FoldSize   `json:"folds"`
	Seeds     []uint64              `json:"seeds"`
	Val       float64               `json:"val"` // share of a fold's training images in the validation part
	Resamples int                   `json:"resamples"`
	// number of images or, if there are any, groups that the bootstrap drew from
	Units  int                `json:"units"`
	Losses []Loss             `json:"losses"` // in the order given
	Rows   []Row              `json:"rows"`   // the table: by decision rule, then by loss
	Fits   []crossval.GridFit `json:"fits"`   // by loss, fold and seed
	// Unreadable images were skipped.
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
	Notes      []string              `json:"notes,omitempty"`
}

// A Loss is a loss as given, with all settings except the seed. A weight decay that depends on the number of training
// images is that of the first fold.
type Loss struct {
	Loss string      `json:"loss"`
	Head head.Config `json:"head"`
}

// A Row holds the metrics of one loss under one decision rule.
type Row struct {
	Decision head.Decision `json:"decision"`
	Loss     string        `json:"loss"`
	Figures  []Figure      `json:"figures"` // accuracy, one_off_accuracy, mae, rps, qwk
}

// A Figure is one metric of a row. Undefined values are NaN, null in JSON.
type Figure struct {
	Metric string         `json:"metric"` // its name in metrics.json
	Mean   metrics.Number `json:"mean"`   // over folds and seeds
	Std    metrics.Number `json:"std"`    // sample standard deviation over folds and seeds
	// SameRule is the difference to cross-entropy under the same rule, the effect of the loss. Baseline is the
	// difference to cross-entropy with argmax, the effect of loss and rule together. Each is nil for the reference
	// itself.
	SameRule *Difference `json:"same_rule,omitempty"`
	Baseline *Difference `json:"baseline,omitempty"`
	// Best is true if no loss has a better mean under this rule and the interval of SameRule excludes zero.
	Best bool `json:"best,omitempty"`
}

// A Difference is a mean difference over folds and seeds with its 95 % interval.
type Difference struct {
	Mean     metrics.Number    `json:"mean"`
	Interval [2]metrics.Number `json:"interval"`
}

// ExcludesZero reports whether the interval excludes zero.
func (d *Difference) ExcludesZero() bool {
	return d != nil && (d.Interval[0] > 0 || d.Interval[1] < 0)
}

// A metric is one of the metrics that losses are compared by.
type metric struct {
	name   string
	higher bool // is better
	of     func(*metrics.Figures) metrics.Number
}

// comparedMetrics are the metrics of a Row, in its order.
var comparedMetrics = []metric{
	{"accuracy", true, func(f *metrics.Figures) metrics.Number { return f.Accuracy }},
	{"one_off_accuracy", true, func(f *metrics.Figures) metrics.Number { return f.OneOffAccuracy }},
	{"mae", false, func(f *metrics.Figures) metrics.Number { return f.MAE }},
	{"rps", false, func(f *metrics.Figures) metrics.Number { return f.RPS }},
	{"qwk", true, func(f *metrics.Figures) metrics.Number { return f.QWK }},
}
