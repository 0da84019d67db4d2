package train

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/invalid"
	"finetune/pipeline/advice"
	"finetune/pipeline/artifact"
	"finetune/pipeline/calibration"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
)

// A trainRun is a training run under way: what each step leaves for the next.
type session struct {
	*Job
	folder   *artifact.Folder
	table    *features.Table
	plan     *splitPlan
	examples head.Examples // all rows of the table
	open     head.Config   // of the head, with what doesn't depend on the number of images
	config   head.Config   // of the head, nothing left open
	record   run.Config    // becomes config.json
	result   *Result

	trained   *head.Result          // of all images, where a choice has found it
	folds     []*crossval.Fit       // of a cross-validation, by fit
	valLogits []float32             // see head.Result
	outOfFold *crossval.Predictions // of each image in a fold, or trained on in closed form, by heads that weren't trained on it

	before   *crossval.Predictions // what the figures are of, as the head said it before anything was fitted; nil where nothing was
	said     *crossval.Predictions // what the figures are of
	suspects []metrics.Suspect     // of unseen
	unseen   *crossval.Predictions // all that was said of images by heads that weren't trained on them: said, and outOfFold
}

// begin completes the settings with what the data says.
func (t *Job) begin(table *features.Table, plan *splitPlan, folder *artifact.Folder) (*session, error) {
	r := &session{Job: t, folder: folder, table: table, plan: plan, examples: table.Examples(t.Soften.Target)}
	r.result = &Result{Run: t.Out, HeldOut: plan.heldOut, Unreadable: table.Unreadable, Notes: plan.notes}
	if err := r.configure(t.Head); err != nil {
		return nil, err
	}
	if err := r.checkCopies(); err != nil {
		return nil, err
	}
	r.record = t.record(table, r.config, plan)
	return r, nil
}

// checkCopies refuses training images that the closed form can't predict from one another, since copies of images join their groups.
func (r *session) checkCopies() error {
	train, groups := r.plan.parts.Train, r.examples.Groups
	if r.config.Optimizer != head.ClosedForm || len(train) < 2 || slices.ContainsFunc(train, func(i int) bool { return groups[i] != groups[train[0]] }) {
		return nil
	}
	return &invalid.Error{
		Path: r.table.Set.Source, Found: fmt.Sprintf("%d images to train on of which copies make one group: an image and its copies stay together, and so do the groups that they are in", len(train)),
		Want: "at least 2 groups without a copy in common",
		Hint: "list the copies with finetune check, and keep one of each or correct their groups",
	}
}

// journal keeps the fits of folds until the run is complete, so that an interrupted one goes on from them.
func (r *session) journal(t *features.Table) *crossval.Journal {
	if r.folder == nil {
		return nil
	}
	return crossval.NewJournal(r.folder.Journal(), fmt.Sprint(r.record.Data.Digest, r.record.Data.Features, t.Origin(), r.Soften, t.ResolveViews()))
}

// configure resolves the settings of the head for the images that it is trained on.
func (r *session) configure(cfg head.Config) (err error) {
	r.open, err = r.openConfig(r.table, cfg)
	r.config = r.open.Resolved(r.table.Features.Cols, len(r.plan.parts.Train))
	return err
}

// steps are what a run does, in order. What is fitted to predictions for images that their head wasn't trained on, those of the
// validation part or outOfFold, has its place between fit and measure.
func (r *session) steps() []func(context.Context) error {
	return []func(context.Context) error{r.choose, r.fitFolds, r.fit, r.calibrate, r.measure, r.learn, r.advise, r.write}
}

// fit makes the head of the run, which a choice may have trained.
func (r *session) fit(ctx context.Context) (err error) {
	trained, parts := r.trained, r.plan.parts
	if trained == nil {
		if trained, err = r.trainOnAll(ctx); err != nil {
			return err
		}
	}
	r.valLogits = trained.ValLogits
	r.result.Epochs, r.result.BestEpoch, r.result.History = len(trained.History), trained.Best, trained.History
	if r.config.Optimizer == head.ClosedForm {
		r.result.ClosedForm = "in closed form " + r.result.describePenalty()
	}
	if r.config.SelfGuided {
		r.result.GroundDistance = trained.Loss.Ground.Matrix
	}
	if r.result.Head, err = head.New(trained.Network, head.Description{
		Space: r.table.Set.Space, Loss: trained.Loss, Decision: r.config.Decision, Origin: r.table.Origin(),
	}); err != nil {
		return err
	}
	r.result.ByDepth, r.result.ByCell = contributions(r.table.Blocks, r.result.Head, r.table.Features, r.table.Plain(parts.Train))
	return nil
}

// ended says why training ended and what the kept epoch reached.
func ended(r *head.Result) string {
	if r.Best == 0 {
		return "no epoch is better than the linear head in closed form by more than chance; it is kept"
	}
	text := standing(r.History[r.Best-1])
	switch {
	case r.Best < len(r.History) && r.Config.Optimizer != head.ClosedForm:
		return fmt.Sprintf("stopped early, epoch %d kept: %s", r.Best, text)
	case len(r.History) < r.Config.Epochs:
		return "converged: " + text
	}
	return text
}

// standing says what an epoch reached, in the figures that it has.
func standing(e head.Epoch) string {
	var parts []string
	for _, figure := range []struct {
		name  string
		value float64
	}{{"loss", e.TrainLoss}, {"validation loss", e.ValLoss}, {"QWK", e.ValQWK}, {"RPS", e.RPS}} {
		if !math.IsNaN(figure.value) {
			parts = append(parts, fmt.Sprintf("%s %.3f", figure.name, figure.value))
		}
	}
	return strings.Join(parts, ", ")
}

// trainOnAll trains the head on the training part.
func (r *session) trainOnAll(ctx context.Context) (*head.Result, error) {
	stage := r.Progress.Start("training", r.config.Epochs*r.config.Ensemble, "epoch")
	if r.config.Optimizer == head.ClosedForm {
		stage = r.Progress.Start("training", 0, "fit") // it ends where weaker penalties no longer help
	}
	defer stage.Done()
	parts := r.plan.parts
	examples := r.examples.Subset(parts.Train)
	if r.plan.leaveOut {
		examples = withPredicted(r.table, parts.Train, examples)
	}
	trained, err := head.Train(ctx, examples, r.examples.Subset(parts.Val), r.config, func(e head.Epoch) { stage.Show(standing(e)); stage.Add(1) })
	if err != nil {
		return nil, err
	}
	stage.Show(ended(trained))
	stage.Complete()
	if r.plan.leaveOut {
		r.outOfFold = leftOut(r.table, parts.Train, trained.OutOfFold)
	}
	return trained, nil
}

// measure takes the figures.
func (r *session) measure(ctx context.Context) (err error) {
	if r.plan.heldOut == heldOutNone {
		return nil
	}
	if !r.plan.outOfFold() {
		if r.said, err = r.predictMeasured(); err != nil {
			return err
		}
		r.unseen = r.said
	}
	figures := func(p *crossval.Predictions) (metrics.Report, error) {
		return p.Evaluate(ctx, r.result.Head, classShares(r.table.Set, r.plan.parts.Train), r.Split.Seed)
	}
	if r.outOfFold != nil {
		r.outOfFold = r.outOfFold.Calibrated(r.result.Head)
		if err = r.outOfFold.CrossFitRanges(); err != nil {
			return err
		}
		if r.result.CrossValidation, err = r.crossValidated(); err != nil {
			return err
		}
		r.unseen = r.outOfFold
		if r.said == nil {
			r.said = r.outOfFold
		} else {
			r.unseen = r.outOfFold.Append(r.said)
			report, err := figures(r.outOfFold)
			if err != nil {
				return err
			}
			if r.result.CrossValidation == nil {
				r.result.CrossValidation = &run.CrossValidation{}
			}
			r.result.CrossValidation.OutOfFold = &report
		}
	}
	if r.suspects, err = metrics.Suspects(r.unseen.Input(r.table.Set.Space)); err != nil {
		return err
	}
	if r.result.Metrics, err = figures(r.said); err != nil {
		return err
	}
	in := r.said.Figured(r.result.Head, classShares(r.table.Set, r.plan.parts.Train), r.Split.Seed)
	if r.result.By, err = run.MeasureBy(r.Data.By, r.said.Items, in); err != nil || r.result.Calibration == nil {
		return err
	}
	return r.weighCalibration()
}

// predict asks the head of the run about some rows.
func (r *session) predict(rows []int) (*crossval.Predictions, error) {
	return crossval.Predict(r.result.Head, r.table, rows, crossval.Pick(r.table.Set.Items, rows), cores.Of(r.Threads))
}

// predictVal says what is predicted for the validation part, by nothing that was fitted to it.
func (r *session) predictVal() (*crossval.Predictions, error) {
	if r.valLogits == nil {
		return r.predict(r.plan.parts.Val)
	}
	return crossval.OfLogits(r.result.Head, crossval.Pick(r.table.Set.Items, r.plan.parts.Val), r.valLogits), nil
}

// predictMeasured says what is predicted for the part that the figures are of.
func (r *session) predictMeasured() (*crossval.Predictions, error) {
	if r.plan.heldOut == heldOutVal {
		return r.predictVal()
	}
	return r.predict(r.plan.measured())
}

// classShares is how often each class is met in the training part.
func classShares(set *dataset.Set, train []int) []float64 {
	shares := make([]float64, set.Space.Len())
	for _, i := range train {
		shares[set.Items[i].Label] += 1 / float64(len(train))
	}
	return shares
}

// advise draws conclusions from what was measured.
func (r *session) advise(context.Context) error {
	if r.unseen == nil {
		return nil
	}
	set := r.table.Set
	trained := make([]int, set.Space.Len())
	for _, i := range r.plan.parts.Train {
		trained[set.Items[i].Label]++
	}
	e := advice.Evidence{
		Space: set.Space, Metrics: r.result.Metrics, Trained: trained,
		Suspects: len(r.suspects), Judged: len(r.unseen.Items), Curve: r.result.LearningCurve,
	}
	if c := r.result.Calibration; c != nil && c.Sets != nil {
		e.Units, e.NeedUnits = c.Sets.Units, calibration.MinUnits(c.Sets.Coverage)
	}
	r.result.Advice = advice.Of(e)
	return nil
}
