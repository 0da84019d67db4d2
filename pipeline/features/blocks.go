package features

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"finetune/internal/store/pagefault"
)

// InOrder runs work on blocks of up to size consecutive indices below n and hands the results to emit in the order of
// the blocks, as [Ordered] does.
func InOrder[W, R any](
	ctx context.Context, n, size, workers int,
	newWorker func() W,
	work func(ctx context.Context, w W, first, end int) (R, error),
	emit func(first int, result R) error,
) error {
	type block struct{ first, end int }
	blocks := func(_ context.Context, yield func(block) bool) error {
		for first := 0; first < n && yield(block{first, min(first+size, n)}); first += size {
		}
		return nil
	}
	return Ordered(ctx, workers, blocks, newWorker,
		func(ctx context.Context, w W, b block) (R, error) { return work(ctx, w, b.first, b.end) },
		func(b block, r R) error { return emit(b.first, r) })
}

// Ordered runs work on jobs, on several workers at once, and hands the results to emit in the order of the jobs. At most
// a few jobs a worker are under way or waiting, so memory doesn't grow with their number. jobs yields them, as long as
// yield returns true. The first error of jobs, work or emit, or the end of ctx, stops everything; no goroutine is left.
//
// newWorker makes what one worker keeps to itself, such as buffers.
func Ordered[W, J, R any](
	ctx context.Context, workers int,
	jobs func(ctx context.Context, yield func(J) bool) error,
	newWorker func() W,
	work func(ctx context.Context, w W, job J) (R, error),
	emit func(job J, result R) error,
) error {
	type entry struct {
		job    J
		result chan R // filled once
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	queue := make(chan entry)
	ordered := make(chan entry, 4*workers)

	group.Go(func() error {
		defer close(queue)
		defer close(ordered)
		err := jobs(ctx, func(j J) bool {
			b := entry{j, make(chan R, 1)}
			for _, ch := range []chan entry{ordered, queue} {
				select {
				case ch <- b:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
		if err != nil {
			return err
		}
		return ctx.Err()
	})
	for range workers {
		group.Go(func() error {
			w := newWorker()
			for b := range queue {
				r, err := work(ctx, w, b.job)
				if err != nil {
					return err
				}
				b.result <- r
			}
			return nil
		})
	}
	group.Go(func() (err error) {
		defer pagefault.Catch(&err)() // emit may write to a temporary file
		for b := range ordered {
			select {
			case r := <-b.result:
				if err := emit(b.job, r); err != nil {
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
