package crossval

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"finetune/head"
	"finetune/internal/store/pagefault"
	"finetune/pipeline/features"
)

// A Fit is a head that was trained on the other folds, and its predictions for the held-out fold.
type Fit struct {
	Result      *head.Result
	Predictions *Predictions
}

// FitFold trains the head of one fold with one of the plan's seeds; fold and seed are indices into the plan. All are
// the examples of t.
func FitFold(ctx context.Context, t *features.Table, all head.Examples, p *Plan, fold, seed int,
	cfg head.Config) (*Fit, error) {
	parts := p.Parts[fold][seed]
	if cfg.Resolved(1, 1).Optimizer == head.ClosedForm { // which needs no early stopping
		parts.Train, parts.Val = slices.Sorted(slices.Values(slices.Concat(parts.Train, parts.Val))), nil
	}
	cfg.Seed = p.Seeds[seed]
	trained, err := p.Journal.fit(cfg, parts, func() (*head.Result, error) {
		result, err := head.Train(ctx, all.Subset(parts.Train), all.Subset(parts.Val), cfg, nil)
		return result, cmp.Or(err, t.Check()) // nothing is kept of features that were changed
	})
	if err != nil {
		return nil, err
	}
	h, err := head.New(trained.Network, head.Description{Space: t.Set.Space, Loss: trained.Loss,
		Decision: cfg.Decision})
	if err != nil {
		return nil, err
	}
	rows := p.HeldOut[fold]
	predictions, err := Predict(h, t, rows, Pick(t.Set.Items, rows), cfg.Threads)
	return &Fit{trained, predictions}, err
}

// watched is the RPS of the images that early stopping watches, in the epoch that was kept; NaN where there are none.
func (f *Fit) watched() float64 {
	if f.Result.Best == 0 {
		return f.Result.StartRPS
	}
	return f.Result.History[f.Result.Best-1].RPS
}

// ShareThreads returns how many of n tasks to run in parallel on the given threads, and the number of threads of each
// task.
func ShareThreads(threads, n int) (parallel, each int) {
	parallel = max(1, min(threads, n))
	return parallel, max(1, threads/parallel)
}

// Parallel calls do for 0 … n−1 with at most limit calls at once. The first error cancels the context of the others
// and is returned.
func Parallel(ctx context.Context, n, limit int, do func(ctx context.Context, i int) error) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(limit)
	for i := range n {
		if within.Err() != nil {
			break
		}
		group.Go(func() error { return pagefault.Do(func() error { return do(within, i) }) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // ctx may have ended before the first call
}
