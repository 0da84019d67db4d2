package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"finetune/head"
	"finetune/pipeline/calibration"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/learncurve"
	"finetune/pipeline/metrics"
	"time"
)

// A RunConfig is config.json: every setting of a training run, resolved, so that the run can be understood and repeated
// from it. It holds no time, and no figure but those by which settings were chosen, so equal runs have equal bytes.
type Config struct {
	Finetune string                `json:"finetune"`          // version
	Command  []string              `json:"command,omitempty"` // flags that decide the result, as --name=value; none for a run of a Go program
	Data     DataConfig            `json:"data"`
	Split    SplitConfig           `json:"split"`
	Backbone *features.NetworkInfo `json:"backbone,omitempty"` // none for a run on a feature folder without meta.json
	Features string                `json:"features,omitempty"` // the feature folder, where the run began with one
	Views    *features.ViewConfig  `json:"views,omitempty"`    // of the images; none where it was the pictures alone
	Head     head.Config           `json:"head"`
	Soften   *crossval.Softening   `json:"soften,omitempty"` // of labels in training
	Search   *SearchConfig         `json:"search,omitempty"` // where features, views or Head were chosen
	// Calibrate is what was asked to be fitted to the trained head; Head.Decision is the rule of the training, and of the head where
	// no metric chose another.
	Calibrate calibration.Options `json:"calibrate"`
	Classes   []ClassConfig       `json:"classes"`
	// SpreadsheetSafe says that text in the tables of the run is guarded; see artifact.Cell.
	SpreadsheetSafe bool `json:"spreadsheet_safe,omitempty"`
}

// DataConfig is the part of a RunConfig that says what was read.
type DataConfig struct {
	Path       string    `json:"path"`
	Layout     string    `json:"layout"`
	Images     int       `json:"images"`
	Unreadable int       `json:"unreadable"`
	Digest     string    `json:"digest"`          // of the paths, labels, targets, weights, groups and parts
	Features   string    `json:"features_digest"` // of the rows
	Order      []string  `json:"order,omitempty"`
	LabelRegex string    `json:"label_regex,omitempty"`
	GroupRegex string    `json:"group_regex,omitempty"`
	Bins       []float64 `json:"bins,omitempty"`
}

// SplitConfig is the part of a RunConfig that says how the data was cut.
type SplitConfig struct {
	dataset.SplitOptions
	Train   int    `json:"train_images"`
	Val     int    `json:"val_images"`
	Test    int    `json:"test_images"`
	HeldOut string `json:"held_out"`          // what metrics.json is about: test; val, loo or folds where there is no test part
	Folds   int    `json:"folds,omitempty"`   // of a cross-validation; Train then counts the images in its folds
	Repeats int    `json:"repeats,omitempty"` // of the cross-validation
	// FoldEpochs are those that the heads of folds were given. Those of the head of the run follow from them.
	FoldEpochs int `json:"fold_epochs,omitempty"`
}

// SearchConfig is the part of a RunConfig that says how its head's settings were found.
type SearchConfig struct {
	Search
	From     head.Config `json:"from"`             // the settings that were given
	Features string      `json:"features_digest"`  // of the rows that it chose from
	Chosen   *Chosen     `json:"chosen,omitempty"` // nil where there was one candidate
}

// Chosen is what was chosen of several candidates by their out-of-fold RPS. A later one has to be better than a simpler one, which
// comes before it, by more than the standard error of the paired difference.
type Chosen struct {
	Candidates int            `json:"candidates"`
	Trial      int            `json:"trial"`              // which was chosen, from 1
	Features   string         `json:"features,omitempty"` // what it takes of the features, where there was a choice
	RPS        metrics.Number `json:"rps"`
	Gain       metrics.Number `json:"gain"`           // the RPS of the first candidate less that of the chosen one
	Error      metrics.Number `json:"standard_error"` // of Gain
	Best       string         `json:"best,omitempty"` // the one with the least RPS, where that isn't the one chosen
	// The out-of-fold predictions of each part of the images are by what was chosen without these images: Otherwise parts have
	// another choice than the head.
	Parts     int    `json:"parts"`
	Otherwise int    `json:"otherwise_chosen,omitempty"`
	Text      string `json:"-"` // the same in words
}

// ClassConfig is one class as the run saw it.
type ClassConfig struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value,omitempty"`
	Count int      `json:"images"`
}

// dataConfig says what was read.
func DataConfigOf(t *features.Table) DataConfig {
	return DataConfig{
		Path: t.Set.Source, Layout: string(t.Set.Layout),
		Images: len(t.Set.Items), Unreadable: len(t.Unreadable), Digest: setDigest(t.Set), Features: featuresDigest(t.Features),
		Order: t.Labels.Order, LabelRegex: t.Labels.LabelRegex, GroupRegex: t.Labels.GroupRegex, Bins: t.Labels.Bins,
	}
}

// classConfigs describes the classes as they were met.
func ClassConfigs(set *dataset.Set) []ClassConfig {
	values := set.Space.Values()
	classes := make([]ClassConfig, set.Space.Len())
	for i, n := range set.Counts() {
		classes[i] = ClassConfig{Name: set.Space.Class(i), Count: n}
		if values != nil {
			classes[i].Value = &values[i]
		}
	}
	return classes
}

// setDigest is a digest of all that the items of a set say, but for where their files are: two runs with the same digest
// learned from the same rows.
func setDigest(set *dataset.Set) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, it := range set.Items {
		if err := enc.Encode([]any{it.Path, it.Label, it.Target, it.Weight, it.Group, it.Part, it.Fold}); err != nil {
			panic(err) // strings and finite numbers always encode
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Search says how Train looks for settings: it draws some at random and chooses by their RPS out of fold. The zero value doesn't search.
type Search struct {
	Trials int           `json:"trials"`         // how many settings to compare, the given ones first
	Time   time.Duration `json:"time,omitempty"` // of a choice: no candidate is begun that would probably end later; 0: no limit. With it the outcome depends on the machine
	Over   []string      `json:"over,omitempty"` // which settings to vary, of SearchSettings; nil: all
}

// CrossValidation is how heads fared on images that they weren't trained on, fold by fold.
type CrossValidation struct {
	Folds []FoldResult `json:"folds,omitempty"` // by repeat, then by fold; nil for the leave-one-out predictions of a closed form
	// Mean and Std are the mean and the sample standard deviation of each figure over Folds. Std says how much folds differ, from luck
	// in their images and in training; it is no error of Mean, since folds share most of their training images.
	Mean metrics.Figures `json:"folds_mean,omitzero"`
	Std  metrics.Figures `json:"folds_std,omitzero"`
	// OutOfFold are the figures of all images in folds, where those of the run are of a test part.
	OutOfFold *metrics.Report `json:"out_of_fold,omitempty"`
}

// A FoldResult is one head of a cross-validation, measured on the fold that it hasn't seen.
type FoldResult struct {
	Repeat int `json:"repeat"` // from 1
	crossval.FoldSize
	Epochs    int             `json:"epochs"`
	BestEpoch int             `json:"best_epoch"`
	Figures   metrics.Figures `json:"figures"`
	Head      *head.Config    `json:"head,omitempty"` // where each fold searched for its settings
}

// RunMetrics is metrics.json.
type Metrics struct {
	metrics.Report
	*CrossValidation                     // nil for one split
	Calibration      *calibration.Result `json:"calibration,omitempty"` // nil where nothing was fitted
	LearningCurve    *learncurve.Curve   `json:"learning_curve,omitempty"`
	By               *ByColumn           `json:"by,omitempty"` // where Data.By named a column
}
