package backbone

import (
	"context"
	"errors"
	"runtime"
	"sync"
)

// lanes are sessions each of which one thread of the system opens, runs and closes. ONNX Runtime keeps what a run took of a
// device's memory for the thread that it ran on, and Go moves goroutines between threads: runs from any of them take many
// times the memory of one.
type lanes[S interface{ Destroy() error }] struct {
	work chan func(S)
	n    int

	ended sync.WaitGroup
	mu    sync.Mutex
	err   error // of closing
}

// openLanes opens up to n sessions. The first must succeed; there are fewer where a device has no room for all.
func openLanes[S interface{ Destroy() error }](n int, open func() (S, error)) (*lanes[S], error) {
	l := &lanes[S]{work: make(chan func(S))}
	for range n {
		opened := make(chan error)
		l.ended.Add(1)
		go l.serve(open, opened)
		if err := <-opened; err != nil {
			if l.n > 0 {
				break
			}
			l.ended.Wait()
			return nil, err
		}
		l.n++
	}
	return l, nil
}

// serve is a lane's thread.
func (l *lanes[S]) serve(open func() (S, error), opened chan<- error) {
	defer l.ended.Done()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s, err := open()
	opened <- err
	if err != nil {
		return
	}
	for f := range l.work {
		f(s)
	}
	if err := s.Destroy(); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = errors.Join(l.err, err)
	}
}

// do runs f on the next lane that is free, and waits for it. The end of ctx ends the wait for a lane; f sees to the rest.
func (l *lanes[S]) do(ctx context.Context, f func(S) error) error {
	done := make(chan error, 1)
	select {
	case l.work <- func(s S) { done <- f(s) }:
		return <-done
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the threads and their sessions. No call of do may be under way, nor follow.
func (l *lanes[S]) close() error {
	close(l.work)
	l.ended.Wait()
	return l.err
}
