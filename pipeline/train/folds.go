package train

import (
	"context"
	"fmt"
	"slices"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// nameFold names a fit for people.
func (r *session) nameFold(at fitPlace) string {
	if len(r.plan.repeats) == 1 {
		return fmt.Sprintf("fold %d", at.fold+1)
	}
	return fmt.Sprintf("repeat %d, fold %d", at.repeat+1, at.fold+1)
}

// fitFolds trains a head for each fold, unless a choice did, and gathers what they say of the images that they haven't seen.
func (r *session) fitFolds(ctx context.Context) (err error) {
	if r.plan.repeats == nil {
		return nil
	}
	if r.folds == nil {
		n := len(r.plan.fits)
		stage := r.Progress.Start("folds", n, "fit")
		defer stage.Done()
		if r.folds, err = r.fitOn(ctx, r.plan, r.table, r.examples, slices.Repeat([]head.Config{r.open}, n), stage); err != nil {
			return err
		}
		r.refitFor(r.folds)
	}
	r.outOfFold = gather(r.table.Set, r.plan, r.folds)
	return nil
}

// fitOn trains the head of each fit of a plan, side by side. The stage is told of each.
func (r *session) fitOn(ctx context.Context, plan *splitPlan, t *features.Table, all head.Examples, configs []head.Config, stage progress.Stage) ([]*crossval.Fit, error) {
	fits := make([]*crossval.Fit, len(plan.fits))
	journal := r.journal(t)
	atOnce, each := crossval.ShareThreads(cores.Of(r.Threads), len(fits))
	return fits, crossval.Parallel(ctx, len(fits), atOnce, func(ctx context.Context, i int) (err error) {
		at, cfg := plan.fits[i], configs[i]
		cfg.Threads = each
		folds := *plan.repeats[at.repeat]
		folds.Journal = journal
		if fits[i], err = crossval.FitFold(ctx, t, all, &folds, at.fold, 0, cfg); err != nil {
			return fmt.Errorf("%s: %w", r.nameFold(at), err)
		}
		stage.Add(1)
		return nil
	})
}

// refitFor sets how long the head of the run is trained, by the heads of the folds.
func (r *session) refitFor(fits []*crossval.Fit) {
	if r.config.Patience == 0 {
		return
	}
	best := make([]int, len(fits))
	for i, fit := range fits {
		best[i] = fit.Result.Best
	}
	r.trainFor(meanEpoch(best))
}

// trainFor sets how long the head of the run is trained. With every image trained on none is left for early stopping to watch, so that
// it goes by what was learned from the folds. The schedule of the learning rate is fitted to these epochs: an epoch in
// the middle of a longer one, where steps are still large, is only good where it was picked for being so. A head that runs to its end without early stopping does so here too.
func (r *session) trainFor(epochs int) {
	r.config.Epochs = max(epochs, r.config.WarmupEpochs+1)
	r.record.Head.Epochs = r.config.Epochs
}

// meanEpoch is the mean of the best epochs of several fits, rounded up.
func meanEpoch(best []int) int {
	sum := 0
	for _, epoch := range best {
		sum += epoch
	}
	return (sum + len(best) - 1) / len(best)
}

// gather puts what the folds said of their held-out images into the order of the data. Of repeats an image's distributions are
// averaged. The classes are left to the head that is trained on all.
func gather(set *dataset.Set, plan *splitPlan, fits []*crossval.Fit) *crossval.Predictions {
	rows, repeats, k := plan.parts.Train, len(plan.repeats), set.Space.Len()
	place := make(map[int]int, len(rows))
	for i, row := range rows {
		place[row] = i
	}
	p := &crossval.Predictions{Items: crossval.Pick(set.Items, rows), Repeats: repeats, Folds: make([]int, len(rows)*repeats), Probabilities: make([]float32, len(rows)*k)}
	sums := make([]float64, len(p.Probabilities))
	for f, at := range plan.fits { // in this order, so that sums round the same
		for j, row := range plan.repeats[at.repeat].HeldOut[at.fold] {
			i := place[row]
			p.Folds[i*repeats+at.repeat] = at.fold + 1
			for c, v := range fits[f].Predictions.Row(j) {
				sums[i*k+c] += float64(v)
			}
		}
	}
	for i, sum := range sums {
		p.Probabilities[i] = float32(sum / float64(repeats))
	}
	if repeats == 1 {
		p.Logits = gatherLogits(plan, fits, place)
	}
	return p
}

// gatherLogits puts the logits of the folds' held-out images into the order of the data; nil where predictions have none.
func gatherLogits(plan *splitPlan, fits []*crossval.Fit, place map[int]int) []float32 {
	var logits []float32
	for f, at := range plan.fits {
		said := fits[f].Predictions
		if said.Logits == nil {
			return nil
		}
		outputs := len(said.Logits) / len(said.Items)
		if logits == nil {
			logits = make([]float32, len(place)*outputs)
		}
		for j, row := range plan.repeats[at.repeat].HeldOut[at.fold] {
			copy(logits[place[row]*outputs:], said.Logits[j*outputs:(j+1)*outputs])
		}
	}
	return logits
}

// crossValidated measures each fold by the rule of the run's head.
func (r *session) crossValidated() (*run.CrossValidation, error) {
	if r.folds == nil {
		return nil, nil
	}
	cv := &run.CrossValidation{}
	var figures []metrics.Figures
	for i, at := range r.plan.fits {
		fit := r.folds[i]
		said := fit.Predictions.Calibrated(r.result.Head)
		in := said.Input(r.table.Set.Space)
		in.Predicted, in.Resamples = said.Classes, -1
		measured, err := metrics.Evaluate(in)
		if err != nil {
			return nil, err
		}
		f := run.FoldResult{
			Repeat: at.repeat + 1, FoldSize: r.plan.repeats[at.repeat].Sizes(r.table.Set)[at.fold],
			Epochs: len(fit.Result.History), BestEpoch: fit.Result.Best, Figures: measured.Figures,
		}
		if r.result.Choice != nil {
			f.Head = &fit.Result.Config
		}
		cv.Folds, figures = append(cv.Folds, f), append(figures, f.Figures)
	}
	cv.Mean, cv.Std = metrics.MeanStd(figures)
	return cv, nil
}
