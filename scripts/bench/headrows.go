package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"finetune/head"
	"finetune/loss"
)

// headRows compare an epoch of training with PyTorch's on the same sizes.
func (b *bench) headRows() []*row {
	linear := func(d, k, batch int, required, aim float64) *row {
		return b.headRow(training{n: 50_000, d: d, k: k, batch: batch}, required, aim)
	}
	return []*row{
		linear(2048, 8, 256, 5, 10),
		linear(512, 8, 256, 0, 0),
		linear(1280, 8, 256, 0, 0),
		linear(2048, 2, 256, 0, 0),
		linear(2048, 10, 256, 0, 0),
		linear(2048, 101, 256, 0, 0),
		linear(2048, 8, 50_000, 0, 0),
		b.headRow(training{n: 50_000, d: 2048, k: 8, batch: 256, dropout: 0.3}, 0, 0),
		b.headRow(training{n: 3000, d: 11_520, k: 8, batch: 256}, 0, 0),
		b.headRow(training{n: 3000, d: 11_520, k: 8, batch: 256, dropout: 0.3}, 0, 0),
		b.headRow(training{n: 3000, d: 11_520, k: 8, batch: 64, dropout: 0.3}, 0, 0), // what a run takes unless told otherwise
		b.headRow(training{n: 3750, d: 11_520, k: 8, batch: 256, hidden: 256, dropout: 0.5}, 0.7, 1),
	}
}

// A training is the size of a head and of its training set.
type training struct {
	n, d, k, batch, hidden int
	dropout                float64
}

func (b *bench) headRow(t training, required, aim float64) *row {
	name := fmt.Sprintf("an epoch, %d × %d, %d classes, linear", t.n, t.d, t.k)
	if t.hidden > 0 {
		name = fmt.Sprintf("an epoch, %d × %d, %d classes, %d hidden units", t.n, t.d, t.k, t.hidden)
	}
	if t.dropout > 0 {
		name += fmt.Sprintf(", dropout %g", t.dropout)
	}
	switch {
	case t.batch >= t.n:
		name += ", full batch"
	case t.batch != 256:
		name += fmt.Sprintf(", batches of %d", t.batch)
	}
	const count = 4
	return &row{
		group: "training", name: name, unit: milliseconds,
		ours: func(ctx context.Context) (float64, string, error) {
			seconds, err := t.fastestEpoch(ctx, b.threads, count)
			return seconds, "", err
		},
		peer: b.peer.figure("epochs", map[string]any{"n": t.n, "d": t.d, "k": t.k, "batch": t.batch, "hidden": t.hidden,
			"dropout": t.dropout, "count": count, "threads": b.threads}),
		peerName: "PyTorch", required: required, aim: aim,
	}
}

// fastestEpoch trains for count epochs and more and returns the seconds of the fastest, as the history tells.
func (t training) fastestEpoch(ctx context.Context, threads, count int) (float64, error) {
	cfg := head.Defaults(loss.Config{Name: loss.EMD2, Classes: t.k}, t.hidden)
	cfg.Optimizer, cfg.Momentum, cfg.LR = head.SGD, 0.9, 0.1
	if t.hidden > 0 {
		cfg.Optimizer, cfg.Momentum, cfg.LR = head.AdamW, head.Auto, 2e-3
	}
	cfg.Epochs, cfg.BatchSize, cfg.Dropout, cfg.Patience, cfg.Threads = count+1, t.batch, t.dropout, 0, threads
	examples, err := t.examples()
	if err != nil {
		return 0, err
	}
	result, err := head.Train(ctx, examples, head.Examples{}, cfg, nil)
	if err != nil {
		return 0, err
	}
	best := math.Inf(1)
	for i := 1; i < len(result.History); i++ { // the first epoch warms up
		best = min(best, result.History[i].Seconds-result.History[i-1].Seconds)
	}
	return best, nil
}

// examples makes features and labels at random: what they are doesn't change what an epoch costs.
func (t training) examples() (head.Examples, error) {
	r := rand.New(rand.NewPCG(1, 1))
	data := make([]float32, t.n*t.d)
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
	labels := make([]int, t.n)
	for i := range labels {
		labels[i] = r.IntN(t.k)
	}
	targets, err := head.OneHot(labels, t.k)
	return head.Examples{Features: head.Features{Rows: t.n, Cols: t.d, Data: data}, Targets: targets}, err
}
