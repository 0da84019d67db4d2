package pipeline

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"finetune/head"
	"finetune/pipeline/metrics"
)

// The decision rules that every loss is read with.
var comparedRules = []head.Decision{head.Argmax, head.Median, head.Mean}

// A comparison is the work of a Compare: a fit for every loss, fold and seed.
type comparison struct {
	plan    *comparePlan
	table   *table
	all     head.Examples
	specs   []lossSpec
	configs []head.Config   // by loss
	rules   []head.Decision // that each head is read with
	fits    []CompareFit    // by loss, fold and seed, the last fastest
	scores  [][]*metrics.Scores
}

// model is the row of scores for a loss, rule and seed. Its columns are the folds.
func (r *comparison) model(loss, rule, seed int) int {
	return (loss*len(r.rules)+rule)*len(r.plan.seeds) + seed
}

// train does all fits, so many at a time. They share the features, and each has a place of its own to leave its result
// in, so their order shows in nothing.
func (r *comparison) train(ctx context.Context, threads int, progress Progress) error {
	folds, seeds := len(r.plan.heldOut), len(r.plan.seeds)
	r.fits = make([]CompareFit, len(r.specs)*folds*seeds)
	r.scores = make([][]*metrics.Scores, len(r.specs)*len(r.rules)*seeds)
	for i := range r.scores {
		r.scores[i] = make([]*metrics.Scores, folds)
	}
	stage := progress.Start("compare", len(r.fits), "fit")
	defer stage.Done()
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(threads)
	for i := range r.fits {
		if within.Err() != nil {
			break
		}
		group.Go(func() error {
			loss, fold, seed := i/(folds*seeds), i/seeds%folds, i%seeds
			if err := r.fit(within, &r.fits[i], loss, fold, seed); err != nil {
				return r.specs[loss].explain(fmt.Errorf("fold %d, seed %d: %w", fold+1, r.plan.seeds[seed], err))
			}
			stage.Add(1)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // which may have ended before the first fit began
}

// fit trains one head and measures it on the fold that it hasn't seen.
func (r *comparison) fit(ctx context.Context, out *CompareFit, loss, fold, seed int) error {
	parts := r.plan.parts[fold][seed]
	cfg := r.configs[loss]
	cfg.Seed = r.plan.seeds[seed]
	trained, err := head.Train(ctx, r.all.Subset(parts.Train), r.all.Subset(parts.Val), cfg, nil)
	if err != nil {
		return err
	}
	space := r.table.set.Space
	h, err := head.New(trained.Network, head.Description{Space: space, Loss: trained.Loss})
	if err != nil {
		return err
	}
	rows := r.plan.heldOut[fold]
	said, err := predictItems(h, r.table.features, rows, pick(r.table.set.Items, rows), 1)
	if err != nil {
		return err
	}
	*out = CompareFit{
		Loss: r.specs[loss].text, Fold: fold + 1, Seed: cfg.Seed, Epochs: len(trained.History), BestEpoch: trained.Best,
		Figures: map[head.Decision]metrics.Figures{},
	}
	in := said.input(space)
	in.Predicted = make([]int, len(rows))
	for rule, decision := range r.rules {
		for i := range rows {
			in.Predicted[i] = decision.Decide(said.row(i), trained.Loss.Ground) // as a head of this rule decides
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
