package pipeline

import (
	"context"
	"finetune/head"
	"finetune/pipeline/metrics"
	"fmt"
)

// A comparison is the work of a Compare: a fit for every loss, fold and seed.
type comparison struct {
	plan    *foldPlan
	table   *table
	all     head.Examples
	names   []string        // of the configurations, for messages
	configs []head.Config   // by loss
	rules   []head.Decision // that each head is read with
	fits    []CompareFit    // by loss, fold and seed, the last fastest
	scores  [][]*metrics.Scores
}

// model is the row of scores for a loss, rule and seed. Its columns are the folds.
func (r *comparison) model(loss, rule, seed int) int {
	return (loss*len(r.rules)+rule)*len(r.plan.seeds) + seed
}

// train does all fits, so many at a time.
func (r *comparison) train(ctx context.Context, threads int, progress Progress) error {
	folds, seeds := len(r.plan.heldOut), len(r.plan.seeds)
	r.fits = make([]CompareFit, len(r.configs)*folds*seeds)
	r.scores = make([][]*metrics.Scores, len(r.configs)*len(r.rules)*seeds)
	for i := range r.scores {
		r.scores[i] = make([]*metrics.Scores, folds)
	}
	stage := progress.Start("compare", len(r.fits), "fit")
	defer stage.Done()
	atOnce, each := sharedThreads(threads, len(r.fits))
	return sideBySide(ctx, len(r.fits), atOnce, func(ctx context.Context, i int) error {
		loss, fold, seed := i/(folds*seeds), i/seeds%folds, i%seeds
		if err := r.fit(ctx, &r.fits[i], loss, fold, seed, each); err != nil {
			return fmt.Errorf("%s: fold %d, seed %d: %w", r.names[loss], fold+1, r.plan.seeds[seed], err)
		}
		stage.Add(1)
		return nil
	})
}

// fit trains one head and measures it on the fold that it hasn't seen.
func (r *comparison) fit(ctx context.Context, out *CompareFit, loss, fold, seed, threads int) error {
	cfg := r.configs[loss]
	cfg.Threads = threads
	fit, err := fitFold(ctx, r.table, r.all, r.plan, fold, seed, cfg)
	if err != nil {
		return err
	}
	*out = CompareFit{
		Loss: r.names[loss], Fold: fold + 1, Seed: r.plan.seeds[seed], Epochs: len(fit.trained.History), BestEpoch: fit.trained.Best,
		Figures: map[head.Decision]metrics.Figures{},
	}
	in := fit.said.input(r.table.set.Space)
	in.Predicted = make([]int, len(fit.said.items))
	for rule, decision := range r.rules {
		for i := range in.Predicted {
			in.Predicted[i] = decision.Decide(fit.said.row(i), fit.trained.Loss.Ground) // as a head of this rule decides
		}
		scores, err := metrics.Score(in)
		if err != nil {
			return err
		}
		r.scores[r.model(loss, rule, seed)][fold] = scores
		out.Figures[decision] = scores.Figures()
	}
	return nil
}

// A CompareFit is one trained head, measured on the fold that it hasn't seen.
type CompareFit struct {
	Loss      string                            `json:"loss"`
	Fold      int                               `json:"fold"` // from 1
	Seed      uint64                            `json:"seed"`
	Epochs    int                               `json:"epochs"`
	BestEpoch int                               `json:"best_epoch"`
	Figures   map[head.Decision]metrics.Figures `json:"figures"` // without the rank correlations
}
