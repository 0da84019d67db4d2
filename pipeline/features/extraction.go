package features

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// An extraction is one pass over items. Its features don't depend on how it splits the work.
type extraction struct {
	x     *Extractor
	feed  feed
	total int  // of items; an assumption where that isn't known
	guess bool // total is one
	views func(item int) int
	slow  bool // items may be slow to come, and mustn't wait for others
	emit  func(b Block) error
	skip  func(b Block) error // takes the unreadable items of a block

	workers        []*Worker
	stage          progress.Stage
	watch          constantWatch
	next           int  // the first item that the feed hasn't given yet
	ended          bool // the feed has no more
	rows, computed int

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
	if net := e.x.Net.device(); net != nil {
		return e.onDevice(ctx, net)
	}
	usual, largest := e.x.usualSplit()
	e.noteBatch(usual.batch, e.x.images.Batch)
	for step := 1; e.x.images.Batch == 0 && e.total > 0 && e.left() > 0; step *= 2 {
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
		if e.tried > e.total/trialShare {
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
	return e.pass(ctx, usual, math.MaxInt)
}

// noteBatch says that a batch is smaller than what was asked for.
func (e *extraction) noteBatch(batch, asked int) {
	if asked > batch {
		e.x.progress.Note(fmt.Sprintf("speed:    batches of %d instead of %d, which fit in memory", batch, asked))
	}
}

// left is how many items there still are, as far as that is known.
func (e *extraction) left() int {
	if e.ended {
		return 0
	}
	return max(1, e.total-e.next)
}

// try measures a split on the next items, once its batches have gone through the network for a first time.
func (e *extraction) try(ctx context.Context, s workSplit) (rate float64, ok bool, err error) {
	round := s.workers * s.batch
	budget := e.total / trialShare
	if e.tried+(1+trialBlocks)*round > budget {
		e.tried = e.total
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

	rows, computed, next := e.rows, e.computed, e.next
	start = time.Now()
	err = e.pass(ctx, s, n)
	e.rate = float64(n) / time.Since(start).Seconds()
	const nearly = 0.95 // the others are in the cache already, or are unreadable
	return e.rate, err == nil && e.next-next == n && float64(e.computed-computed) >= nearly*float64(max(n, e.rows-rows)), err
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

// A job is consecutive items from the first.
type job struct {
	first int
	items []dataset.Item
}

// pass brings the next n items, or as many as there are.
func (e *extraction) pass(ctx context.Context, s workSplit, n int) error {
	s = s.within(e.x.Net.tensorLen(), e.x.Net.about.Image.Batch)
	e.prepareWorkers(s.workers)
	return Ordered(ctx, s.workers, e.jobs(n, s.batch), e.hire(s.batch),
		func(ctx context.Context, w *Worker, j job) (Block, error) { return w.block(ctx, j, e.views) },
		func(_ job, b Block) error { return e.take(b) })
}

func (e *extraction) prepareWorkers(n int) {
	for len(e.workers) < n {
		e.workers = append(e.workers, &Worker{x: e.x, watches: e.slow && e.x.Net.Spec.White == 0})
	}
}

// jobs yields the next n items, or as many as there are, so many at a time.
func (e *extraction) jobs(n, size int) func(ctx context.Context, yield func(job) bool) error {
	return func(ctx context.Context, yield func(job) bool) error {
		for n > 0 && !e.ended {
			items, err := e.feed(ctx, min(n, size))
			if err != nil {
				return err
			}
			if e.ended = len(items) == 0; e.ended || !yield(job{e.next, items}) {
				return nil
			}
			e.next, n = e.next+len(items), n-len(items)
		}
		return nil
	}
}

// hire returns the next of the workers with every call.
func (e *extraction) hire(batch int) func() *Worker {
	var started atomic.Int32
	return func() *Worker {
		w := e.workers[started.Add(1)-1]
		w.batch = batch
		return w
	}
}

// take hands on a block.
func (e *extraction) take(b Block) error {
	if err := e.skip(b); err != nil {
		return err
	}
	if err := e.watch.see(e.x.Net, b); err != nil {
		return err
	}
	e.rows += b.first[len(b.Read)]
	e.computed += b.computed
	if err := e.emit(b); err != nil {
		return err
	}
	e.stage.Add(len(b.Items))
	return nil
}
