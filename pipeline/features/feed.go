package features

import (
	"context"
	"iter"
	"time"

	"finetune/pipeline/dataset"
	"finetune/pipeline/source"
)

const (
	assumedTotal = 10_000               // of a stream of unknown length, for the trials of splits
	patience     = 5 * time.Millisecond // that an item of a stream waits for others to make up a block
	blockBytes   = 1 << 24              // of images that a block holds in memory, unless one alone has more
)

// A feed returns the next items, at least one and at most so many, and none at the end.
type feed func(ctx context.Context, most int) ([]dataset.Item, error)

// slice feeds items that are all there.
func slice(items []dataset.Item) feed {
	return func(_ context.Context, most int) ([]dataset.Item, error) {
		n := min(most, len(items))
		next := items[:n:n]
		items = items[n:]
		return next, nil
	}
}

// A fed is what a stream gives: an item or the error that ends it.
type fed struct {
	item source.Item
	err  error
}

// stream feeds items as they come until ctx ends. wait returns when the enumeration has ended.
func stream(ctx context.Context, items iter.Seq2[source.Item, error]) (next feed, wait func()) {
	ch := make(chan fed, BlockSize)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(ch)
		for it, err := range items {
			select {
			case ch <- fed{it, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func(ctx context.Context, most int) ([]dataset.Item, error) { return gather(ctx, ch, most) },
		func() { <-done }
}

// gather waits for an item, and shortly for others to go with it.
func gather(ctx context.Context, ch <-chan fed, most int) ([]dataset.Item, error) {
	var list []dataset.Item
	var late <-chan time.Time
	for bytes := 0; len(list) < most && bytes < blockBytes; {
		select {
		case f, ok := <-ch:
			if !ok {
				return list, nil
			}
			if f.err != nil {
				return nil, f.err
			}
			list = append(list, dataset.FromSource(f.item))
			bytes += f.item.Held()
		case <-late:
			return list, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if late == nil {
			late = time.After(patience)
		}
	}
	return list, nil
}
