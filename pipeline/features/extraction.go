package features

import (
	"context"
	"sync/atomic"
	"time"

	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// An extraction is one pass over items. What it brings doesn't depend on how it splits the work.
type extraction struct {
	x     *Extractor
	items []dataset.Item
	views func(item int) int
	emit  func(b Block) error

	workers        []*Worker
	stage          progress.Stage
	watch          constantWatch
	next           int // the first item that wasn't brought yet
	rows, computed int
	unreadable     []artifact.Unreadable

	tried int     // items that were brought in trials
	rate  float64 // items a second of the trial before
}

// What trials may take: one in trialShare of the items, each trialBlocks blocks a worker and, where the budget has room, trialTime.
const (
	trialShare  = 5
	trialBlocks = 2
	trialTime   = 300 * time.Millisecond
)

// run brings all items. Where there are many to compute, the first are computed with several splits, and the rest with the fastest.
func (e *extraction) run(ctx context.Context) error {
	usual, largest := e.x.usualSplit()
	for step := 1; e.x.images.Batch == 0 && e.left() > 0; step *= 2 {
		t := &tuner{largest: largest, run: func(s workSplit) (float64, bool, error) { return e.try(ctx, s) }}
		chosen, err := t.fastest(usual)
		if err != nil {
			return err
		}
		if len(t.trials) > 0 {
			e.x.progress.Note(t.describe(chosen))
			usual = chosen
			break
		}
		if e.tried > len(e.items)/trialShare {
			break
		}
		// These were cached. Those that follow may not be.
		if err := e.pass(ctx, usual, step*usual.workers*usual.batch); err != nil {
			return err
		}
	}
	if err := e.x.Net.keepThreads(usual.threads); err != nil {
		return err
	}
	return e.pass(ctx, usual, e.left())
}

func (e *extraction) left() int { return len(e.items) - e.next }

// try measures a split on the next items, once its batches have gone through the network for a first time.
func (e *extraction) try(ctx context.Context, s workSplit) (rate float64, ok bool, err error) {
	round := s.workers * s.batch
	budget := len(e.items) / trialShare
	if e.tried+(1+trialBlocks)*round > budget {
		e.tried = len(e.items)
		return 0, false, nil
	}
	if s.threads > 1 {
		if ok, err := e.tryThreads(ctx, s.threads); !ok || err != nil {
			return 0, false, err
		}
	} else if err := e.x.Net.dropThreads(); err != nil {
		return 0, false, err
	}
	before := e.computed
	start := time.Now()
	if err := e.pass(ctx, s, round); err != nil || e.computed == before {
		e.tried += round
		return 0, false, err
	}
	long := int(trialTime.Seconds() / time.Since(start).Seconds())
	long = min(long, budget/(8*round)) // leaves room for others
	n := min(max(trialBlocks, long)*round, e.left())
	e.tried += round + n

	rows, computed := e.rows, e.computed
	start = time.Now()
	err = e.pass(ctx, s, n)
	e.rate = float64(n) / time.Since(start).Seconds()
	const nearly = 0.95 // the others are in the cache already, or are unreadable
	return e.rate, err == nil && float64(e.computed-computed) >= nearly*float64(max(n, e.rows-rows)), err
}

// tryThreads starts the network with more threads, where starting it again is nothing beside what is left to do.
func (e *extraction) tryThreads(ctx context.Context, threads int) (bool, error) {
	const nothing = 0.02
	if e.x.Net.startTime.Seconds() > nothing*float64(e.left())/e.rate {
		return false, nil
	}
	for _, w := range e.workers {
		if w.transform != nil {
			return e.x.Net.tryThreads(ctx, threads, w.sample())
		}
	}
	return false, nil
}

// pass brings the next n items.
func (e *extraction) pass(ctx context.Context, s workSplit, n int) error {
	first := e.next
	n = min(n, e.left())
	e.next += n
	for len(e.workers) < s.workers {
		e.workers = append(e.workers, &Worker{x: e.x})
	}
	var started atomic.Int32
	return InOrder(ctx, n, s.batch, s.workers,
		func() *Worker {
			w := e.workers[started.Add(1)-1]
			w.batch = s.batch
			return w
		},
		func(ctx context.Context, w *Worker, from, to int) (Block, error) {
			return w.block(ctx, e.items, e.views, first+from, first+to)
		},
		func(from int, b Block) error {
			return e.take(b, min(s.batch, n-from))
		})
}

// take hands on a block of so many items.
func (e *extraction) take(b Block, items int) error {
	for _, f := range b.unreadable {
		e.unreadable = append(e.unreadable, artifact.Unreadable{Path: e.items[f.item].Path, Reason: f.err.Error()})
	}
	limit := e.x.images.maxUnreadable() * float64(len(e.items))
	if n := len(e.unreadable); n > 0 && (e.x.images.Strict || float64(n) > limit) {
		return e.x.tooMany(e.unreadable, len(e.items))
	}
	if err := e.watch.see(e.x.Net, b); err != nil {
		return err
	}
	e.rows += b.first[len(b.Read)]
	e.computed += b.computed
	e.stage.Add(items)
	if len(b.Read) == 0 {
		return nil
	}
	return e.emit(b)
}
