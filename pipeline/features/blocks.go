package features

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// inOrder runs work on blocks of up to size consecutive indices below n, on several workers at once, and hands
// the results to emit in the order of the blocks. At most a few blocks a worker are under way or waiting, so memory doesn't
// grow with n. The first error of work or emit, or the end of ctx, stops everything; no goroutine is left.
//
// newWorker makes what one worker keeps to itself, such as buffers.
func InOrder[W, R any](
	ctx context.Context, n, size, workers int,
	newWorker func() W,
	work func(ctx context.Context, w W, first, end int) (R, error),
	emit func(first int, result R) error,
) error {
	type block struct {
		first, end int
		result     chan R // filled once
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	jobs := make(chan block)
	ordered := make(chan block, 4*workers)

	group.Go(func() error {
		defer close(jobs)
		defer close(ordered)
		for first := 0; first < n; first += size {
			b := block{first, min(first+size, n), make(chan R, 1)}
			for _, ch := range []chan block{ordered, jobs} {
				select {
				case ch <- b:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range workers {
		group.Go(func() error {
			w := newWorker()
			for b := range jobs {
				r, err := work(ctx, w, b.first, b.end)
				if err != nil {
					return err
				}
				b.result <- r
			}
			return nil
		})
	}
	group.Go(func() error {
		for b := range ordered {
			select {
			case r := <-b.result:
				if err := emit(b.first, r); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}

// lazy is a value that is made when it is first wanted, once.
type lazy[T any] struct {
	once  sync.Once
	value T
	err   error
	made  bool
}

func (l *lazy[T]) get(make func() (T, error)) (T, error) {
	l.once.Do(func() {
		l.value, l.err = make()
		l.made = l.err == nil
	})
	return l.value, l.err
}
