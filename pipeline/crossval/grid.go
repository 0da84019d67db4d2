package crossval

import (
	"context"
	"finetune/head"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
	"fmt"
)

// A comparison is the work of a Compare: a fit for every loss, fold and seed.
type Grid struct {
	Plan     *Plan
	Table    *features.Table
	Examples head.Examples
	Names    []string        // of the configurations, for messages
	Configs  []head.Config   // by loss
	Rules    []head.Decision // that each head is read with
	Fits     []GridFit       // by loss, fold and seed, the last fastest
	Scores   [][]*metrics.Scores
}

// model is the row of scores for a loss, rule and seed. Its columns are the folds.
func (r *Grid) model(loss, rule, seed int) int {
	return (loss*len(r.Rules)+rule)*len(r.Plan.Seeds) + seed
}

// train does all fits, so many at a time.
func (r *Grid) Run(ctx context.Context, threads int, reporter progress.Reporter) error {
	folds, seeds := len(r.Plan.HeldOut), len(r.Plan.Seeds)
	r.Fits = make([]GridFit, len(r.Configs)*folds*seeds)
	r.Scores = make([][]*metrics.Scores, len(r.Configs)*len(r.Rules)*seeds)
	for i := range r.Scores {
		r.Scores[i] = make([]*metrics.Scores, folds)
	}
	stage := reporter.Start("compare", len(r.Fits), "fit")
	defer stage.Done()
	atOnce, each := ShareThreads(threads, len(r.Fits))
	return Parallel(ctx, len(r.Fits), atOnce, func(ctx context.Context, i int) error {
		loss, fold, seed := i/(folds*seeds), i/seeds%folds, i%seeds
		if err := r.fit(ctx, &r.Fits[i], loss, fold, seed, each); err != nil {
			return fmt.Errorf("%s: fold %d, seed %d: %w", r.Names[loss], fold+1, r.Plan.Seeds[seed], err)
		}
		stage.Add(1)
		return nil
	})
}

// fit trains one head and measures it on the fold that it hasn't seen.
func (r *Grid) fit(ctx context.Context, out *GridFit, loss, fold, seed, threads int) error {
	cfg := r.Configs[loss]
	cfg.Threads = threads
	fit, err := FitFold(ctx, r.Table, r.Examples, r.Plan, fold, seed, cfg)
	if err != nil {
		return err
	}
	*out = GridFit{
		Loss: r.Names[loss], Fold: fold + 1, Seed: r.Plan.Seeds[seed], Epochs: len(fit.Result.History), BestEpoch: fit.Result.Best,
		Figures: map[head.Decision]metrics.Figures{},
	}
	in := fit.Predictions.Input(r.Table.Set.Space)
	in.Predicted = make([]int, len(fit.Predictions.Items))
	for rule, decision := range r.Rules {
		for i := range in.Predicted {
			in.Predicted[i] = decision.Decide(fit.Predictions.Row(i), fit.Result.Loss.Ground) // as a head of this rule decides
		}
		scores, err := metrics.Score(in)
		if err != nil {
			return err
		}
		r.Scores[r.model(loss, rule, seed)][fold] = scores
		out.Figures[decision] = scores.Figures()
	}
	return nil
}

// A CompareFit is one trained head, measured on the fold that it hasn't seen.
type GridFit struct {
	Loss      string                            `json:"loss"`
	Fold      int                               `json:"fold"` // from 1
	Seed      uint64                            `json:"seed"`
	Epochs    int                               `json:"epochs"`
	BestEpoch int                               `json:"best_epoch"`
	Figures   map[head.Decision]metrics.Figures `json:"figures"` // without the rank correlations
}
