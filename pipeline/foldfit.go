package pipeline

import (
	"context"

	"golang.org/x/sync/errgroup"

	"finetune/head"
)

// A foldFit is a head that was trained on a fold, and what it says of the images that the fold holds out.
type foldFit struct {
	trained *head.Result
	said    *predictions
}

// fitFold trains a head on a fold, with one of the plan's seeds.
func fitFold(ctx context.Context, t *table, all head.Examples, p *foldPlan, fold, seed int, cfg head.Config) (*foldFit, error) {
	parts := p.parts[fold][seed]
	cfg.Seed = p.seeds[seed]
	trained, err := head.Train(ctx, all.Subset(parts.Train), all.Subset(parts.Val), cfg, nil)
	if err != nil {
		return nil, err
	}
	h, err := head.New(trained.Network, head.Description{Space: t.set.Space, Loss: trained.Loss, Decision: cfg.Decision})
	if err != nil {
		return nil, err
	}
	rows := p.heldOut[fold]
	said, err := predictItems(h, t, rows, pick(t.set.Items, rows), cfg.Threads)
	return &foldFit{trained, said}, err
}

// sharedThreads is how many of n jobs are worked on at once with so many threads, and how many threads each gets.
func sharedThreads(threads, n int) (atOnce, each int) {
	atOnce = max(1, min(threads, n))
	return atOnce, max(1, threads/atOnce)
}

// sideBySide does n jobs, so many at a time. Each has a place of its own to leave its result in, so their order shows in
// nothing. The first error ends the rest.
func sideBySide(ctx context.Context, n, atOnce int, do func(ctx context.Context, i int) error) error {
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
