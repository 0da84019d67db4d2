package crossval

import (
	"context"

	"golang.org/x/sync/errgroup"

	"finetune/head"
	"finetune/pipeline/features"
)

// A foldFit is a head that was trained on a fold, and what it says of the images that the fold holds out.
type Fit struct {
	Result      *head.Result
	Predictions *Predictions
}

// fitFold trains a head on a fold, with one of the plan's seeds.
func FitFold(ctx context.Context, t *features.Table, all head.Examples, p *Plan, fold, seed int, cfg head.Config) (*Fit, error) {
	parts := p.Parts[fold][seed]
	cfg.Seed = p.Seeds[seed]
	trained, err := head.Train(ctx, all.Subset(parts.Train), all.Subset(parts.Val), cfg, nil)
	if err != nil {
		return nil, err
	}
	h, err := head.New(trained.Network, head.Description{Space: t.Set.Space, Loss: trained.Loss, Decision: cfg.Decision})
	if err != nil {
		return nil, err
	}
	rows := p.HeldOut[fold]
	said, err := Predict(h, t, rows, Pick(t.Set.Items, rows), cfg.Threads)
	return &Fit{trained, said}, err
}

// sharedThreads is how many of n jobs are worked on at once with so many threads, and how many threads each gets.
func ShareThreads(threads, n int) (atOnce, each int) {
	atOnce = max(1, min(threads, n))
	return atOnce, max(1, threads/atOnce)
}

// sideBySide does n jobs, so many at a time. Each has a place of its own to leave its result in, so their order shows in
// nothing. The first error ends the rest.
func Parallel(ctx context.Context, n, atOnce int, do func(ctx context.Context, i int) error) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		if within.Err() != nil {
			break
		}
		group.Go(func() error { return do(within, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // which may have ended before the first began
}
