package features

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func TestInOrder(t *testing.T) {
	for _, c := range []struct{ n, size, workers int }{{0, 4, 2}, {1, 4, 2}, {4, 4, 1}, {103, 8, 5}, {7, 100, 3}} {
		var made atomic.Int32
		var got []int
		err := InOrder(t.Context(), c.n, c.size, c.workers,
			func() int { return int(made.Add(1)) },
			func(_ context.Context, w, first, end int) ([]int, error) {
				time.Sleep(time.Duration(first%3) * time.Millisecond) // later blocks may be ready first
				var r []int
				for i := first; i < end; i++ {
					r = append(r, i)
				}
				return r, nil
			},
			func(first int, r []int) error {
				if r[0] != first {
					t.Errorf("%+v: block %d came as %v", c, first, r)
				}
				got = append(got, r...)
				return nil
			})
		want := make([]int, c.n)
		for i := range want {
			want[i] = i
		}
		if err != nil || !slices.Equal(got, want) || int(made.Load()) != c.workers {
			t.Errorf("%+v: got %v by %d workers, %v", c, got, made.Load(), err)
		}
	}
}

func TestInOrderStops(t *testing.T) {
	cause := errors.New("broken")
	noWorker := func() struct{} { return struct{}{} }
	pass := func(_ context.Context, _ struct{}, first, _ int) (int, error) { return first, nil }
	for name, run := range map[string]func(ctx context.Context, cancel func()) error{
		"work": func(ctx context.Context, _ func()) error {
			return InOrder(ctx, 1000, 1, 3, noWorker,
				func(_ context.Context, _ struct{}, first, _ int) (int, error) {
					if first == 50 {
						return 0, cause
					}
					return first, nil
				}, func(int, int) error { return nil })
		},
		"emit": func(ctx context.Context, _ func()) error {
			return InOrder(ctx, 1000, 1, 3, noWorker, pass, func(first, _ int) error {
				if first == 50 {
					return cause
				}
				return nil
			})
		},
		"context": func(ctx context.Context, cancel func()) error {
			return InOrder(ctx, 1000, 1, 3, noWorker, pass, func(first, _ int) error {
				if first == 50 {
					cancel()
				}
				return nil
			})
		},
	} {
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(t.Context())
		err := run(ctx, cancel)
		cancel()
		want := cause
		if name == "context" {
			want = context.Canceled
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
		noGoroutineLeft(t, before)
	}
}

// noGoroutineLeft waits for goroutines that are about to end, and reports those that stay.
func noGoroutineLeft(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines left, %d before", runtime.NumGoroutine(), before)
}
