package run

import (
	"cmp"
	"context"
	"errors"
	"math"
	"path/filepath"

	"finetune/internal/cores"
	"finetune/internal/remote"
	"finetune/internal/store/pagefault"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/familiarity"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
	"finetune/pipeline/report"
)

// Evaluate measures a trained run on other labelled data.
type Evaluate struct {
	Model       string          // the run folder, or its head.safetensors
	Data        dataset.Options // the labels must be of the run's classes
	Features    string          // a feature folder, instead of Data.Path and Images
	Images      features.Images // Backbone "" is the one that the run was trained with; Views and Augment are the run's
	TTA         int             // views of an image that a prediction is the mean of, AllViews or 0, as many as the run says
	ReviewShare float64         // of images like the training images that are marked for review; 0: none
	Out         string          // a folder for metrics.json and predictions.csv; "": nothing is written
	// SpreadsheetSafe guards the text of the tables in Out; see artifact.Cell.
	SpreadsheetSafe bool
	Report          string // a page about the images, .html; "": none
	Seed            uint64 // of the bootstrap
	Threads         int    // 0: all cores
	Progress        progress.Reporter
}

// An EvaluateResult is what was measured.
type EvaluateResult struct {
	Model      string                `json:"model"`
	Metrics    metrics.Report        `json:"metrics"`
	By         *ByColumn             `json:"by,omitempty"`         // where Data.By names a column
	Unfamiliar *Unfamiliar           `json:"unfamiliar,omitempty"` // where the run knows its training images
	Review     *Review               `json:"review,omitempty"`
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
	Notes      []string              `json:"notes,omitempty"`
}

// Unfamiliar counts the images that are unlike the training images, and measures the others: what is wrong with a picture of
// something else says little about the rest.
type Unfamiliar struct {
	N        int            `json:"n"`
	Expected float64        `json:"expected_share"`    // of images like the training images
	Accuracy metrics.Number `json:"accuracy_familiar"` // of the other images
	MAE      metrics.Number `json:"mae_familiar"`
	Paths    []string       `json:"paths,omitempty"` // the first of them
}

// Review says how wrong answers are among the images that a person would have looked at, and among the others.
type Review struct {
	Share  float64        `json:"share"` // of images like the training images, that were to be marked
	N      int            `json:"n"`     // images that were
	Error  metrics.Number `json:"error"` // share of them whose answer is wrong
	Others metrics.Number `json:"error_of_others"`
}

// evaluationMetrics is the metrics.json of an evaluation.
type evaluationMetrics struct {
	metrics.Report
	By         *ByColumn   `json:"by,omitempty"`
	Unfamiliar *Unfamiliar `json:"unfamiliar,omitempty"`
	Review     *Review     `json:"review,omitempty"`
}

// evaluation is the folder that Evaluate leaves.
var evaluation = artifact.Kind{Name: "evaluation", Mark: MetricsFile, Patterns: []string{MetricsFile, PredictionsFile, artifact.UnreadableFile}}

// Run does the job.
func (e Evaluate) Run(ctx context.Context) (_ *EvaluateResult, err error) {
	defer pagefault.Catch(&err)()
	e.Progress = progress.OrNone(e.Progress)
	run, err := OpenContext(ctx, e.Model)
	if err != nil {
		return nil, err
	}
	var folder *artifact.Folder
	if e.Out != "" {
		if folder, err = evaluation.Claim(ctx, artifact.ClaimOptions{Dir: e.Out, Replace: true, Inputs: []string{e.Data.Path, e.Model, e.Features}}); err != nil {
			return nil, err
		}
		defer folder.Release()
	}
	var o *overview
	if e.Report != "" {
		if o, err = e.overview(ctx, run); err != nil {
			return nil, err
		}
	}
	table, err := e.table(ctx, run)
	if err != nil {
		return nil, err
	}
	defer table.End(&err)
	said, err := crossval.Predict(run.Head, table, nil, table.Set.Items, cores.Of(e.Threads))
	if err != nil {
		return nil, err
	}
	result := &EvaluateResult{Model: remote.Redacted(e.Model), Unreadable: table.Unreadable}
	if setDigest(table.Set) == run.Config.Data.Digest {
		result.Notes = append(result.Notes, "these are the images that the run was trained on, so the figures are optimistic")
	}
	if result.Metrics, err = said.Evaluate(ctx, run.Head, run.prior(), e.Seed); err != nil {
		return nil, err
	}
	if result.By, err = MeasureBy(e.Data.By, said.Items, said.Figured(run.Head, run.prior(), e.Seed)); err != nil {
		return nil, err
	}
	if result.Unfamiliar, result.Review, err = e.judge(ctx, run, table, said, o); err != nil {
		return nil, err
	}
	if err := table.Check(); err != nil {
		return nil, err
	}
	if o != nil {
		if err := o.writeMeasured(ctx, e.Report, result, said); err != nil {
			return nil, err
		}
	}
	if e.Out == "" {
		return result, nil
	}
	if err := WritePredictions(folder.Path(PredictionsFile), run.Head.Space(), said, e.SpreadsheetSafe); err != nil {
		return nil, err
	}
	if err := artifact.WriteUnreadable(folder.Path(artifact.UnreadableFile), table.Unreadable, e.SpreadsheetSafe); err != nil {
		return nil, err
	}
	if err := artifact.WriteJSON(folder.Path(MetricsFile), evaluationMetrics{result.Metrics, result.By, result.Unfamiliar, result.Review}); err != nil {
		return nil, err
	}
	return result, folder.Publish(ctx)
}

// judge counts the images that are unlike the training images and those that are marked for review; both are nil where the run doesn't
// know its training images, and the second where no share was asked for.
func (e Evaluate) judge(ctx context.Context, r *Run, t *features.Table, said *crossval.Predictions, o *overview) (*Unfamiliar, *Review, error) {
	const mostNamed = 20
	known, err := r.Familiarity(ctx)
	if err != nil {
		return nil, nil, err
	}
	u := &Unfamiliar{}
	var judge familiarity.Judge
	if known != nil {
		if judge, err = known.Judge(e.ReviewShare); err != nil {
			return nil, nil, err
		}
		u.Expected = known.ExpectedUnfamiliar()
	}
	var familiar, marked, others sums
	for i, row := range t.Plain(nil) {
		steps := math.Abs(float64(said.Classes[i] - said.Items[i].Label))
		var v *familiarity.Verdict
		if known != nil {
			verdict := judge.Of(t.Features.Row(row), said.Row(i), said.Classes[i])
			v = &verdict
			if v.Unfamiliar {
				if u.N++; len(u.Paths) < mostNamed {
					u.Paths = append(u.Paths, said.Items[i].Path)
				}
			} else {
				familiar.add(steps)
			}
			if v.Review {
				marked.add(steps)
			} else {
				others.add(steps)
			}
		}
		if o != nil {
			o.add(said.Items[i], said.Row(i), said.Classes[i], said.Items[i].Label, v)
		}
	}
	if known == nil {
		return nil, nil, nil
	}
	u.Accuracy, u.MAE = 1-familiar.error(), metrics.Number(familiar.off/familiar.n)
	if e.ReviewShare == 0 {
		return u, nil, nil
	}
	return u, &Review{Share: e.ReviewShare, N: int(marked.n), Error: marked.error(), Others: others.error()}, nil
}

// overview begins the page, and refuses one that can't be made.
func (e Evaluate) overview(ctx context.Context, r *Run) (*overview, error) {
	if filepath.Ext(e.Report) != ".html" {
		return nil, &invalid.Error{Field: "Report", Path: e.Report, Found: "a name that doesn't end in .html", Want: "an HTML file"}
	}
	if err := r.mayWritePage(ctx, e.Report, e.Data.Path, e.Images.Backbone, e.Images.Library); err != nil {
		return nil, err
	}
	known, err := r.Familiarity(ctx)
	if err != nil {
		return nil, err
	}
	o := newOverview(r, known, remote.Redacted(cmp.Or(e.Data.Path, e.Features)))
	o.page.Share = e.ReviewShare
	return o, nil
}

// writeMeasured writes the page of an evaluation.
func (o *overview) writeMeasured(ctx context.Context, path string, r *EvaluateResult, said *crossval.Predictions) error {
	m := &report.Measured{Metrics: r.Metrics, Soft: said.SumByLabel(), Groups: crossval.CountGroups(said.Items), ReviewError: metrics.Number(math.NaN()), OthersError: metrics.Number(math.NaN())}
	if r.Review != nil {
		m.ReviewError, m.OthersError = r.Review.Error, r.Review.Others
	}
	if r.By != nil {
		m.Column, m.Parts = r.By.Column, r.By.Parts
	}
	o.page.Measured, o.page.Notes = m, r.Notes
	for _, u := range r.Unreadable {
		o.failed(u.Path, errors.New(u.Reason))
	}
	return o.write(ctx, path)
}

// sums adds up the errors of some images.
type sums struct{ n, wrong, off float64 }

func (s *sums) add(steps float64) {
	s.n++
	s.off += steps
	s.wrong += min(steps, 1)
}

// error is the share that is wrong, NaN of none.
func (s *sums) error() metrics.Number { return metrics.Number(s.wrong / s.n) }

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
