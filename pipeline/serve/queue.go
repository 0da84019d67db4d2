package serve

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"finetune/pipeline/run"
)

// predictor is the part of run.Predictor that answers.
type predictor interface {
	PredictAll(ctx context.Context, files [][]byte) ([]run.Outcome, error)
	Close() error
}

var _ predictor = (*run.Predictor)(nil)

// errFull is the error of a request that the queue has no room for.
var errFull = errors.New("too many images are waiting")

// A waiting image and where its outcome goes.
type waiting struct {
	ctx   context.Context // of its request
	file  []byte
	reply chan<- answer
	place int // among the images of its request
}

// An answer is the outcome of an image, or a failure of the machine.
type answer struct {
	place   int
	outcome run.Outcome
	err     error
}

// A queue predicts the images of all requests for a run in batches.
type queue struct {
	model   predictor
	size    int           // of a batch
	wait    time.Duration // of the first image of a batch for others
	most    int64         // images that may wait
	workers int
	watch   func(batch int, took time.Duration)

	images  chan waiting
	length  atomic.Int64 // images that wait or are predicted
	perItem atomic.Int64 // nanoseconds that a worker takes for an image, a moving mean
	closing chan struct{}
	done    sync.WaitGroup
}

func newQueue(model predictor, o Options, watch func(int, time.Duration)) *queue {
	q := &queue{model: model, size: o.BatchSize, wait: o.BatchWait, workers: o.Predictor.Workers, watch: watch,
		most: int64(o.Limits.Waiting), closing: make(chan struct{})}
	q.images = make(chan waiting, o.Limits.Waiting+o.Limits.Images)
	for range q.workers {
		q.done.Go(q.work)
	}
	return q
}

// predict returns the outcomes of the images of a request. errFull says that nothing was done.
func (q *queue) predict(ctx context.Context, files [][]byte) ([]run.Outcome, error) {
	n := int64(len(files))
	if n == 0 {
		return nil, nil
	}
	if before := q.length.Add(n) - n; before > 0 && before+n > q.most {
		q.length.Add(-n)
		return nil, errFull
	}
	reply := make(chan answer, len(files))
	for i, file := range files {
		q.images <- waiting{ctx, file, reply, i} // has room for what was admitted
	}
	outcomes := make([]run.Outcome, len(files))
	for range files {
		select {
		case a := <-reply:
			if a.err != nil {
				return nil, a.err
			}
			outcomes[a.place] = a.outcome
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return outcomes, nil
}

// delay is about how long an image would wait now.
func (q *queue) delay() time.Duration {
	return time.Duration(q.length.Load() * q.perItem.Load() / int64(q.workers))
}

// work predicts batches until the queue is closed and empty.
func (q *queue) work() {
	for {
		batch := q.next()
		if batch == nil {
			return
		}
		q.answer(batch)
		q.length.Add(int64(-len(batch)))
	}
}

// next returns the images of the next batch. Those that wait are shared among the workers.
func (q *queue) next() []waiting {
	var batch []waiting
	select {
	case w := <-q.images:
		batch = append(batch, w)
	case <-q.closing:
		select {
		case w := <-q.images:
			batch = append(batch, w)
		default:
			return nil
		}
	}
	share := min(q.size, (len(q.images)+q.workers)/q.workers)
	var late <-chan time.Time
	if q.wait > 0 {
		share, late = q.size, time.After(q.wait)
	}
	for len(batch) < share {
		select {
		case w := <-q.images:
			batch = append(batch, w)
			continue
		default:
		}
		if late == nil {
			return batch
		}
		select {
		case w := <-q.images:
			batch = append(batch, w)
		case <-late:
			return batch
		case <-q.closing:
			return batch
		}
	}
	return batch
}

// answer predicts a batch, but for images whose requests have ended.
func (q *queue) answer(batch []waiting) {
	live := make([]waiting, 0, len(batch))
	files := make([][]byte, 0, len(batch))
	for _, w := range batch {
		if w.ctx.Err() == nil {
			live, files = append(live, w), append(files, w.file)
		}
	}
	if len(live) == 0 {
		return
	}
	start := time.Now()
	ctx, stop := whileAny(live)
	defer stop()
	outcomes, err := q.model.PredictAll(ctx, files)
	took := time.Since(start)
	for i, w := range live {
		a := answer{place: w.place, err: err}
		if err == nil {
			a.outcome = outcomes[i]
		}
		w.reply <- a
	}
	if err == nil {
		each := int64(took) / int64(len(live))
		if before := q.perItem.Load(); before > 0 {
			each = before + (each-before)/8
		}
		q.perItem.Store(each)
	}
	q.watch(len(live), took)
}

// whileAny returns a context that ends when the requests of all images have: none ends the work for the others.
func whileAny(images []waiting) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(images[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(images)))
	stops := make([]func() bool, len(images))
	for i, w := range images {
		stops[i] = context.AfterFunc(w.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}

// close answers what waits and frees the run. No request may come any more.
func (q *queue) close() error {
	close(q.closing)
	q.done.Wait()
	return q.model.Close()
}
