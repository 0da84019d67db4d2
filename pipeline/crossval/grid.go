package crossval

import (
	"context"
	"fmt"

	"finetune/head"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
)

// A Grid trains a head for every name, fold and seed, and evaluates each under several decision rules.
type Grid struct {
	Plan     *Plan
	Table    *features.Table
	Examples head.Examples
	Names    []string
	Configs  []head.Config // of each name
	// Others are more configurations of each name; nil: none. A fit tries all and keeps the head with the least RPS of the
	// images that early stopping watches, of equal ones the first.
	Others [][]head.Config
	Rules  []head.Decision
	Fits   []GridFit           // set by Run; by configuration, fold and seed, the seed varying fastest
	Scores [][]*metrics.Scores // set by Run; by configuration, rule and seed, then by fold
}

// model returns the index in Scores of a configuration, rule and seed.
func (r *Grid) model(loss, rule, seed int) int {
	return (loss*len(r.Rules)+rule)*len(r.Plan.Seeds) + seed
}

// Run trains and evaluates all heads in parallel. The result doesn't depend on the number of threads.
func (r *Grid) Run(ctx context.Context, threads int, reporter progress.Reporter) error {
	folds, seeds := len(r.Plan.HeldOut), len(r.Plan.Seeds)
	r.Fits = make([]GridFit, len(r.Configs)*folds*seeds)
	r.Scores = make([][]*metrics.Scores, len(r.Configs)*len(r.Rules)*seeds)
	for i := range r.Scores {
		r.Scores[i] = make([]*metrics.Scores, folds)
	}
	stage := reporter.Start("compare", len(r.Fits), "fit")
	defer stage.Done()
	parallel, each := ShareThreads(threads, len(r.Fits))
	return Parallel(ctx, len(r.Fits), parallel, func(ctx context.Context, i int) error {
		loss, fold, seed := i/(folds*seeds), i/seeds%folds, i%seeds
		if err := r.fit(ctx, &r.Fits[i], loss, fold, seed, each); err != nil {
			return fmt.Errorf("%s: fold %d, seed %d: %w", r.Names[loss], fold+1, r.Plan.Seeds[seed], err)
		}
		stage.Add(1)
		return nil
	})
}

// fit trains one head and evaluates it on its held-out fold.
func (r *Grid) fit(ctx context.Context, out *GridFit, loss, fold, seed, threads int) error {
	var best *Fit
	configs := []head.Config{r.Configs[loss]}
	if r.Others != nil {
		configs = append(configs, r.Others[loss]...)
	}
	for _, cfg := range configs {
		cfg.Threads = threads
		fit, err := FitFold(ctx, r.Table, r.Examples, r.Plan, fold, seed, cfg)
		if err != nil {
			return err
		}
		if best == nil || fit.watched() < best.watched() {
			best = fit
		}
	}
	fit := best
	*out = GridFit{
		Loss: r.Names[loss], Fold: fold + 1, Seed: r.Plan.Seeds[seed], Epochs: len(fit.Result.History),
		BestEpoch: fit.Result.Best,
		Figures:   map[head.Decision]metrics.Figures{},
	}
	if len(configs) > 1 {
		out.WeightDecay = &fit.Result.Config.WeightDecay
	}
	in := fit.Predictions.Input(r.Table.Set.Space)
	in.Predicted = make([]int, len(fit.Predictions.Items))
	for rule, decision := range r.Rules {
		for i := range in.Predicted {
			// as head.Head.Decide does
			in.Predicted[i] = decision.Decide(fit.Predictions.Row(i), fit.Result.Loss.Ground)
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

// A GridFit is one trained head with its metrics on its held-out fold.
type GridFit struct {
	Loss        string                            `json:"loss"`
	Fold        int                               `json:"fold"` // from 1
	Seed        uint64                            `json:"seed"`
	Epochs      int                               `json:"epochs"`
	BestEpoch   int                               `json:"best_epoch"`
	WeightDecay *float64                          `json:"weight_decay,omitempty"` // where it was tuned
	Figures     map[head.Decision]metrics.Figures `json:"figures"`                // the rank correlations are NaN
}
