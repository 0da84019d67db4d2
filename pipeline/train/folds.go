package train

import (
	"context"
	"fmt"
	"slices"
	"time"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/pipeline/crossval"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
)

// chooseFolds finds the settings of each fold's head inside what that fold trains on: had the held-out images a say in them,
// the figures would flatter (Cawley and Talbot 2010).
func (r *session) chooseFolds(ctx context.Context, limit time.Duration) error {
	r.foldConfigs = slices.Repeat([]head.Config{r.open}, len(r.plan.fits))
	if r.Search.Trials == 0 {
		return nil
	}
	for i, at := range r.plan.fits {
		parts := r.plan.repeats[at.repeat].Parts[at.fold][0]
		found, err := r.search(ctx, slices.Concat(parts.Train, parts.Val), limit, r.nameFold(at)+": ")
		if err != nil {
			return err
		}
		if r.foldConfigs[i], err = crossval.HeadConfig(r.table, found.drawn[found.best]); err != nil {
			return err
		}
	}
	return nil
}

// nameFold names a fit for people.
func (r *session) nameFold(at fitPlace) string {
	if len(r.plan.repeats) == 1 {
		return fmt.Sprintf("fold %d", at.fold+1)
	}
	return fmt.Sprintf("repeat %d, fold %d", at.repeat+1, at.fold+1)
}

// fitFolds trains a head for each fold, side by side, and gathers what they say of the images that they haven't seen.
func (r *session) fitFolds(ctx context.Context) error {
	if r.plan.repeats == nil {
		return nil
	}
	n := len(r.plan.fits)
	r.folds = make([]*crossval.Fit, n)
	stage := r.Progress.Start("folds", n, "fit")
	defer stage.Done()
	atOnce, each := crossval.ShareThreads(cores.Of(r.Threads), n)
	if err := crossval.Parallel(ctx, n, atOnce, func(ctx context.Context, i int) (err error) {
		at, cfg := r.plan.fits[i], r.foldConfigs[i]
		cfg.Threads = each
		if r.folds[i], err = crossval.FitFold(ctx, r.table, r.examples, r.plan.repeats[at.repeat], at.fold, 0, cfg); err != nil {
			return fmt.Errorf("%s: %w", r.nameFold(at), err)
		}
		stage.Add(1)
		return nil
	}); err != nil {
		return err
	}
	r.outOfFold = r.gather()
	if r.Search.Trials == 0 && r.config.Patience > 0 {
		best := make([]int, n)
		for i, fit := range r.folds {
			best[i] = fit.Result.Best
		}
		r.trainFor(meanEpoch(best))
	}
	return nil
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
func (r *session) gather() *crossval.Predictions {
	rows, repeats, k := r.plan.parts.Train, len(r.plan.repeats), r.table.Set.Space.Len()
	place := make(map[int]int, len(rows))
	for i, row := range rows {
		place[row] = i
	}
	p := &crossval.Predictions{Items: crossval.Pick(r.table.Set.Items, rows), Repeats: repeats, Folds: make([]int, len(rows)*repeats), Probabilities: make([]float32, len(rows)*k)}
	sums := make([]float64, len(p.Probabilities))
	for f, at := range r.plan.fits { // in this order, so that sums round the same
		for j, row := range r.plan.repeats[at.repeat].HeldOut[at.fold] {
			i := place[row]
			p.Folds[i*repeats+at.repeat] = at.fold + 1
			for c, v := range r.folds[f].Predictions.Row(j) {
				sums[i*k+c] += float64(v)
			}
		}
	}
	for i, sum := range sums {
		p.Probabilities[i] = float32(sum / float64(repeats))
	}
	if repeats == 1 {
		p.Logits = r.gatherLogits(place)
	}
	return p
}

// gatherLogits puts the logits of the folds' held-out images into the order of the data; nil where predictions have none.
func (r *session) gatherLogits(place map[int]int) []float32 {
	var logits []float32
	for f, at := range r.plan.fits {
		said := r.folds[f].Predictions
		if said.Logits == nil {
			return nil
		}
		outputs := len(said.Logits) / len(said.Items)
		if logits == nil {
			logits = make([]float32, len(place)*outputs)
		}
		for j, row := range r.plan.repeats[at.repeat].HeldOut[at.fold] {
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
		if r.Search.Trials > 0 {
			f.Head = &fit.Result.Config
		}
		cv.Folds, figures = append(cv.Folds, f), append(figures, f.Figures)
	}
	cv.Mean, cv.Std = metrics.MeanStd(figures)
	return cv, nil
}
