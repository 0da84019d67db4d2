package train

import (
	"context"
	"slices"

	"finetune/head"
	"finetune/internal/store/pagefault"
	"finetune/loss"
	"finetune/pipeline/advice"
	"finetune/pipeline/artifact"
	"finetune/pipeline/calibration"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/learncurve"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// Train is the main job: images or ready features in, a run folder out. NewTrain returns one with good settings.
type Job struct {
	Data     dataset.Options // the labelled images; of a feature folder only Order, Positions and Bins count
	Images   features.Images // how images become features
	Features string          // a feature folder, instead of Data.Path and Images
	Quality  string          // of the features, where Images leaves them open: Fast, Balanced or Best; "": Balanced
	// AutoViews trains on views of each image, two unless Images.Views asks for more, only where that lowers the out-of-fold RPS.
	AutoViews bool
	Split     dataset.SplitOptions // how much is held out (Test may be AutoShare), and the seed of the whole run
	Head      head.Config          // the head and its training; Loss.Classes, Seed and Threads are filled in
	Soften    crossval.Softening   // of labels in training
	Refit     bool                 // train the head on all images that aren't held out and take the figures from predictions out of fold: a cross-validation with 5 folds or those of the data, unless the head is solved in closed form
	Folds     int                  // of a cross-validation of all that Split.Test (0: nothing) and the data don't hold out; 0: none, one split instead
	Repeats   int                  // of the cross-validation, each with folds drawn anew; 0: 1
	TTA       int                  // views of an image that a prediction is the mean of, or AllViews; 0: the image alone
	Search    run.Search           // for better settings than Head's; the zero value takes Head as it is
	// Calibrate is fitted to images that no head was trained on, though early stopping may have watched them.
	Calibrate calibration.Options
	Out       string // the run folder; "" is finetune-run-1, or the next number that is free
	// Overwrite replaces an earlier run in Out once the new one is complete. Resume leaves a complete run with the
	// same settings as it is, and otherwise goes on: features that were computed are kept by the cache.
	Overwrite, Resume bool
	// LearningCurve trains heads on shares of the training images too, to tell whether more labels would help.
	LearningCurve bool
	// Explain draws maps of the worst mistakes into the report, for which the network must be started even where all features are cached.
	Explain bool
	// TensorBoard writes the history as an event file into Out, too.
	TensorBoard bool
	// SpreadsheetSafe guards the text of the tables in Out; see artifact.Cell.
	SpreadsheetSafe bool
	Command         []string // what the run records of how it was called, such as --hidden=256; finetune reads it back by --config
	Threads         int      // 0: all cores
	Progress        progress.Reporter

	impliedFolds bool // by Refit or a choice
}

// New returns the main job on data with the settings that proved robust, those of the command: a linear head, squared EMD in closed
// form, the median rule and prediction sets of coverage 0.9. All images are trained on and out-of-fold predictions of them give the
// figures. For heads that are trained by iterating, 15 % of the images are for early stopping and 20 % are held out.
func New(data string) Job {
	cfg := head.Defaults(loss.Config{Name: loss.EMD2}, 0)
	cfg.Decision = head.Median
	return Job{
		Data:  dataset.Options{Path: data},
		Split: dataset.SplitOptions{Val: 0.15, Test: AutoShare},
		Head:  cfg,

		Calibrate: calibration.Options{Coverage: 0.9},
	}
}

// A TrainResult is what a training run found. The rest stands in the run folder.
type Result struct {
	Run        string                `json:"run"`
	HeldOut    string                `json:"held_out"`             // what Metrics are about: test, val, loo or folds, as in SplitConfig
	BestEpoch  int                   `json:"best_epoch,omitempty"` // with Epochs 0 where the run was complete already
	Epochs     int                   `json:"epochs,omitempty"`
	Metrics    metrics.Report        `json:"metrics,omitzero"`      // left out where HeldOut is none
	ClosedForm string                `json:"closed_form,omitempty"` // how strong the regression of a closed form is, in words
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
	Notes      []string              `json:"notes,omitempty"`
	Advice     []advice.Item         `json:"advice,omitempty"` // what to do next, each with the evidence for it
	Trials     []Trial               `json:"trials,omitempty"` // of a choice, all candidates
	Choice     *run.Chosen           `json:"choice,omitempty"` // what was chosen of them

	// CrossValidation says how the folds fared, where there are any. Epochs, BestEpoch and History are then those of the final head.
	CrossValidation *run.CrossValidation `json:"cross_validation,omitempty"`
	// Calibration is what was fitted to the head once it was trained; nil for nothing.
	Calibration *calibration.Result `json:"calibration,omitempty"`

	// LearningCurve is nil where it wasn't asked for or there were too few images.
	LearningCurve *learncurve.Curve `json:"learning_curve,omitempty"`
	By            *run.ByColumn     `json:"by,omitempty"` // where Data.By names a column

	// ByDepth and ByCell say how much the head takes from each depth of the network and from each place of the picture, where the
	// features have several.
	ByDepth []Contribution `json:"by_depth,omitempty"`
	ByCell  []Contribution `json:"by_cell,omitempty"`

	// GroundDistance is the K × K matrix that a self-guided loss measured, row by row.
	GroundDistance []float64 `json:"ground_distance,omitempty"`

	Head    *head.Head   `json:"-"`
	History []head.Epoch `json:"-"`
}

// Run does the job. Cancelling ctx stops it; features that were computed stay in the cache.
func (t Job) Run(ctx context.Context) (_ *Result, err error) {
	defer pagefault.Catch(&err)()
	t.Progress = progress.OrNone(t.Progress)
	if err := t.settleImages(); err != nil {
		return nil, err
	}
	t.resolveSplit()
	folder, err := run.Kind.Claim(ctx, artifact.ClaimOptions{
		Dir: t.Out, Base: "finetune-run", Replace: t.Overwrite || t.Resume, Inputs: []string{t.Data.Path, t.Features},
	})
	if err != nil {
		return nil, err
	}
	defer folder.Release()
	t.Out = folder.Dir
	splits := &planner{job: &t}
	table, err := t.table(ctx, splits)
	if err != nil {
		return nil, err
	}
	defer table.End(&err)
	plan, err := splits.of(table.Set)
	if err != nil {
		return nil, err
	}
	session, err := t.begin(table, plan, folder)
	if err != nil {
		return nil, err
	}
	if t.Resume {
		if done, err := t.finished(ctx, folder, session.record); done != nil || err != nil {
			return done, err
		}
	}
	for _, step := range session.steps() {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return session.result, nil
}

// table brings the features. What can't be used or split is found before they are computed; unreadable images may change the split itself.
func (t *Job) table(ctx context.Context, splits *planner) (*features.Table, error) {
	source := t.source()
	source.Usable = splits.usable
	return source.Load(ctx, func(set *dataset.Set) error {
		if err := t.Soften.Check(); err != nil {
			return err
		}
		if err := run.CheckBy(t.Data.By, set.Items); err != nil {
			return err
		}
		if err := completeSearch(&t.Search); err != nil {
			return err
		}
		if err := t.checkFolds(); err != nil {
			return err
		}
		cfg := t.Head
		cfg.Loss.Classes = set.Space.Len()
		if err := cfg.Check(); err != nil {
			return err
		}
		if err := t.Calibrate.Check(set.Space); err != nil {
			return err
		}
		_, err := splits.of(set)
		return err
	}, splits.wanted)
}

// wanted says which views are used: those to train on of the images that are trained on, those to predict from of all.
func (p *planner) wanted(v features.ViewConfig) features.Demand {
	return func(set *dataset.Set) ([]int, error) {
		plan, err := p.of(set)
		if err != nil {
			return nil, err
		}
		views, err := features.EveryItem(v.Predict)(set)
		trained, n := plan.parts.Train, v.Train
		if plan.repeats != nil || plan.leaveOut { // all of these are trained on, and all predicted
			trained, n = slices.Concat(trained, plan.parts.Val), v.Rows()
		}
		for _, i := range trained {
			views[i] = n
		}
		return views, err
	}
}

// usable returns the items that aren't held out.
func (p *planner) usable(set *dataset.Set) ([]dataset.Item, error) {
	plan, err := p.of(set)
	if err != nil {
		return nil, err
	}
	return crossval.Pick(set.Items, slices.Sorted(slices.Values(slices.Concat(plan.parts.Train, plan.parts.Val)))), nil
}

func (t *Job) source() features.Source {
	return features.Source{Data: t.Data, Images: t.Images, Folder: t.Features, TTA: t.TTA, Threads: t.Threads, Progress: t.Progress}
}
