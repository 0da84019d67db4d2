package features

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"finetune/backbone"
)

// A device takes batches that are larger than what one worker prepares in good time, and only few at a time. So all cores prepare
// pictures, which are put together to batches in the order of the items; those go through the network one behind the other.

// onDevice brings all items with a network on a device of its own.
func (e *extraction) onDevice(ctx context.Context, net *backbone.Backbone) error {
	batch, err := e.deviceBatch(ctx, net)
	if err != nil {
		return err
	}
	numbers := e.x.Net.tensorLen()
	d := &devicePass{extraction: e, net: net, batch: batch, numbers: numbers, ready: make(chan prepared), batches: make(chan deviceJob)}
	e.prepareWorkers(e.x.threads)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(d.ready)
		size := max(1, min(BlockSize, PicturesThatFit(numbers)))
		return Ordered(ctx, e.x.threads, e.jobs(math.MaxInt, size), e.hire(0), d.prepare,
			func(_ job, p prepared) error { return give(ctx, d.ready, p) })
	})
	group.Go(func() error { defer close(d.batches); return d.assemble(ctx) })
	group.Go(func() error {
		// As many again as compute put batches together and rows in their places.
		return Ordered(ctx, 2*net.Sessions(), d.assembled, func() *deviceRunner { return &deviceRunner{} }, d.compute,
			func(_ deviceJob, blocks []Block) error {
				for _, b := range blocks {
					if err := e.take(b); err != nil {
						return err
					}
				}
				return nil
			})
	})
	return group.Wait()
}

// give sends a value unless ctx ends before.
func give[T any](ctx context.Context, to chan<- T, value T) error {
	select {
	case to <- value:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deviceBatch is the batch that was asked for, or the one that is found to be fastest where there are many items.
func (e *extraction) deviceBatch(ctx context.Context, net *backbone.Backbone) (int, error) {
	numbers, fixed := e.x.Net.tensorLen(), e.x.Net.about.Image.Batch
	largest := largestDeviceBatch(numbers, fixed)
	if asked := e.x.images.Batch; asked > 0 {
		e.noteBatch(min(asked, largest), asked)
		return min(asked, largest), nil
	}
	usual := min(usualDeviceBatch, largest)
	if fixed > 0 || e.total < manyForDevice || e.guess {
		return max(1, min(usual, e.total)), nil
	}
	best, tried, err := fastestBatch(usual, largest, func(batch int) (float64, bool, error) { return e.deviceRate(ctx, net, batch) })
	if err == nil {
		e.x.progress.Note(describeBatches(best, tried))
	}
	return best, err
}

// deviceRate measures how many empty pictures a second the network does in batches of that size, once each session has had one.
func (e *extraction) deviceRate(ctx context.Context, net *backbone.Backbone, batch int) (rate float64, ok bool, err error) {
	const rounds = 3
	spec := e.x.Net.Spec
	run := func(n int) error {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(net.Sessions())
		for range n * net.Sessions() {
			group.Go(func() error { return net.TryLevels(ctx, batch, spec.Height, spec.Width) })
		}
		return group.Wait()
	}
	if run(1) != nil {
		return 0, false, ctx.Err() // there is no room for it
	}
	start := time.Now()
	if run(rounds) != nil {
		return 0, false, ctx.Err()
	}
	return float64(rounds*net.Sessions()*batch) / time.Since(start).Seconds(), true, nil
}

// prepared is a block with the pictures that it lacks, as levels.
type prepared struct {
	block   Block
	waiting []waiting
	levels  []uint8
}

// A deviceJob is consecutive blocks whose pictures are one batch, or somewhat more where one block has many.
type deviceJob struct {
	blocks []prepared
	rows   int
}

// A devicePass brings items with a network on a device of its own.
type devicePass struct {
	*extraction
	net     *backbone.Backbone
	batch   int
	numbers int // of a picture
	ready   chan prepared
	batches chan deviceJob
	spare   sync.Pool // of buffers of levels
}

// prepare reads the items of a job.
func (d *devicePass) prepare(ctx context.Context, w *Worker, j job) (prepared, error) {
	if buffer, ok := d.spare.Get().(*[]uint8); ok {
		w.levels = *buffer
	}
	b, err := w.gather(ctx, j, d.views)
	p := prepared{block: b, waiting: w.waiting}
	if len(p.waiting) > 0 {
		p.levels = w.levels[:len(p.waiting)*d.numbers]
	}
	w.waiting, w.levels = nil, nil
	return p, err
}

// mostBlocks are in a job at most, so that blocks that are cached aren't held back.
const mostBlocks = 64

// assemble puts blocks together to batches.
func (d *devicePass) assemble(ctx context.Context) error {
	var j deviceJob
	var late <-chan time.Time
	send := func() error {
		full := j
		j, late = deviceJob{}, nil
		if len(full.blocks) == 0 {
			return nil
		}
		return give(ctx, d.batches, full)
	}
	for {
		select {
		case p, more := <-d.ready:
			if !more {
				return send()
			}
			if n := len(p.waiting); j.rows > 0 && j.rows+n > d.batch {
				if err := send(); err != nil {
					return err
				}
			}
			j.blocks, j.rows = append(j.blocks, p), j.rows+len(p.waiting)
			if j.rows >= d.batch || len(j.blocks) >= mostBlocks {
				if err := send(); err != nil {
					return err
				}
			} else if d.slow && late == nil {
				late = time.After(patience)
			}
		case <-late:
			if err := send(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *devicePass) assembled(ctx context.Context, yield func(deviceJob) bool) error {
	for j := range d.batches {
		if !yield(j) {
			break
		}
	}
	return nil
}

// A deviceRunner has the buffers of a batch.
type deviceRunner struct {
	levels   []uint8
	features []float32
}

// compute runs the network on a job's pictures, and closes its blocks. Batches are filled up: a device needs time for every size that
// it meets for the first time.
func (d *devicePass) compute(ctx context.Context, r *deviceRunner, j deviceJob) ([]Block, error) {
	cols, picture := d.net.Dim(), d.numbers
	rows := (j.rows + d.batch - 1) / d.batch * d.batch
	if len(r.levels) < rows*picture {
		r.levels, r.features = make([]uint8, rows*picture), make([]float32, rows*cols)
	}
	filled := 0
	for _, p := range j.blocks {
		filled += copy(r.levels[filled:], p.levels)
		if p.levels != nil {
			d.spare.Put(&p.levels)
		}
	}
	clear(r.levels[filled : rows*picture])
	broken := map[int]bool{}
	for first := 0; first < rows; first += d.batch {
		err := d.net.FeaturesOfLevels(ctx, r.levels[first*picture:][:d.batch*picture], d.batch, r.features[first*cols:][:d.batch*cols])
		var notFinite *backbone.NotFiniteError
		switch {
		case errors.As(err, &notFinite):
			for _, row := range notFinite.Rows {
				broken[first+row] = true
			}
		case err != nil:
			return nil, fmt.Errorf("features of %s: %w", j.blocks[0].block.Items[0].Path, err)
		}
	}
	blocks := make([]Block, len(j.blocks))
	first := 0
	for i := range j.blocks {
		p := &j.blocks[i]
		if err := d.x.put(&p.block, p.waiting, r.features[first*cols:], cols, func(k int) bool { return broken[first+k] }); err != nil {
			return nil, fmt.Errorf("features of %s: %w", p.block.Items[0].Path, err)
		}
		first += len(p.waiting)
		p.block.finish()
		blocks[i], p.levels = p.block, nil
	}
	return blocks, nil
}
