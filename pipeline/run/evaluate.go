package run

import (
	"context"

	"finetune/internal/cores"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
)

// Evaluate measures a trained run on other labelled data.
type Evaluate struct {
	Model    string          // the run folder, or its head.safetensors
	Data     dataset.Options // the labels must be of the run's classes
	Features string          // a feature folder, instead of Data.Path and Images
	Images   features.Images // Backbone "" is the one that the run was trained with; Views and Augment are the run's
	TTA      int             // views of an image that a prediction is the mean of, AllViews or 0, as many as the run says
	Out      string          // a folder for metrics.json and predictions.csv; "": nothing is written
	Seed     uint64          // of the bootstrap
	Threads  int             // 0: all cores
	Progress progress.Reporter
}

// An EvaluateResult is what was measured.
type EvaluateResult struct {
	Model      string                `json:"model"`
	Metrics    metrics.Report        `json:"metrics"`
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
}

// evaluation is the folder that Evaluate leaves.
var evaluation = artifact.Kind{Name: "evaluation", Mark: MetricsFile, Patterns: []string{MetricsFile, PredictionsFile, artifact.UnreadableFile}}

// Run does the job.
func (e Evaluate) Run(ctx context.Context) (*EvaluateResult, error) {
	e.Progress = progress.OrNone(e.Progress)
	run, err := Open(e.Model)
	if err != nil {
		return nil, err
	}
	var folder *artifact.Folder
	if e.Out != "" {
		if folder, err = evaluation.Claim(artifact.ClaimOptions{Dir: e.Out, Replace: true, Inputs: []string{e.Data.Path, e.Model, e.Features}}); err != nil {
			return nil, err
		}
		defer folder.Release()
	}
	table, err := e.table(ctx, run)
	if err != nil {
		return nil, err
	}
	defer table.Close()
	said, err := crossval.Predict(run.Head, table, nil, table.Set.Items, cores.Of(e.Threads))
	if err != nil {
		return nil, err
	}
	result := &EvaluateResult{Model: e.Model, Unreadable: table.Unreadable}
	if result.Metrics, err = said.Evaluate(run.Head, run.prior(), e.Seed); err != nil || e.Out == "" {
		return result, err
	}
	if err := WritePredictions(folder.Path(PredictionsFile), run.Head.Space(), said); err != nil {
		return nil, err
	}
	if err := artifact.WriteUnreadable(folder.Path(artifact.UnreadableFile), table.Unreadable); err != nil {
		return nil, err
	}
	if err := artifact.WriteJSON(folder.Path(MetricsFile), result.Metrics); err != nil {
		return nil, err
	}
	return result, folder.Publish(ctx)
}

func (e Evaluate) table(ctx context.Context, run *Run) (*features.Table, error) {
	space := run.Head.Space()
	e.Data.Space = &space
	views, err := run.views(e.TTA)
	if err != nil {
		return nil, err
	}
	if e.Features != "" {
		table, err := features.OpenFolder(ctx, e.Features, e.Data)
		if err != nil {
			return nil, err
		}
		if err = run.sameOrigin(table); err == nil {
			err = table.UseAs(views)
		}
		if err != nil {
			table.Close()
			return nil, err
		}
		return table, nil
	}
	if e.Data.LabelRegex == "" {
		e.Data.LabelRegex = run.Config.Data.LabelRegex // the same kind of data needs nothing said twice
	}
	set, err := dataset.Load(ctx, e.Data)
	if err != nil {
		return nil, err
	}
	features.NoteData(e.Progress, set)
	x, err := run.extractor(e.Images, views, e.Threads, e.Progress)
	if err != nil {
		return nil, err
	}
	table, err := features.ExtractTable(ctx, x, set, e.Data, views, features.EveryItem(views.Predict))
	if closeErr := x.Close(); err == nil {
		err = closeErr
	}
	return table, err
}

// sameOrigin refuses features that come from elsewhere than those that the head was trained on, as far as both say.
func (r *Run) sameOrigin(t *features.Table) error {
	theirs, ours := t.Origin(), r.Head.Description().Origin
	theirs.Views, ours.Views = "", "" // say what is done with the features, not where they come from
	if theirs.Backbone == "" || ours.Backbone == "" || theirs == ours {
		return nil
	}
	return &invalid.Error{
		Field: "Features", Found: "features of another network, tap or preprocessing than the run was trained on",
		Hint: "extract them with the {Images.Backbone}, {Images.Tap} and preprocessing that the run's " + ConfigFile + " names",
	}
}
