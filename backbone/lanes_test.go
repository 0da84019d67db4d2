package backbone

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// A fakeSession is one of a device that tells which thread uses it.
type fakeSession struct {
	thread    int
	destroyed *atomic.Int32
	err       error
}

func (s *fakeSession) Destroy() error { s.destroyed.Add(1); return s.err }

// However many goroutines call, as many runs are under way as there are sessions, and each session has its own thread.
func TestLanes(t *testing.T) {
	var destroyed, running, most, runs atomic.Int32
	l, err := openLanes(2, func() (*fakeSession, error) { return &fakeSession{thread: threadID(), destroyed: &destroyed}, nil })
	if err != nil || l.n != 2 {
		t.Fatal(l, err)
	}
	var group errgroup.Group
	var mu sync.Mutex
	used := map[*fakeSession]int{}
	for range 32 {
		group.Go(func() error {
			for range 8 {
				err := l.do(t.Context(), func(s *fakeSession) error {
					now := running.Add(1)
					defer running.Add(-1)
					for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
					}
					runs.Add(1)
					time.Sleep(100 * time.Microsecond)
					mu.Lock()
					defer mu.Unlock()
					used[s]++
					if id := threadID(); id != s.thread {
						return errors.New("a session ran on another thread")
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if runs.Load() != 256 || most.Load() != 2 || len(used) != 2 {
		t.Errorf("%d runs, %d at a time, on %d sessions", runs.Load(), most.Load(), len(used))
	}
	if err := l.close(); err != nil || destroyed.Load() != 2 {
		t.Errorf("%d sessions closed, %v", destroyed.Load(), err)
	}
}

// A device with room for one session has one; with none there is an error, and nothing is left.
func TestLanesWithoutRoom(t *testing.T) {
	full := errors.New("out of memory")
	for room, wantErr := range map[int]error{0: full, 1: nil, 3: nil} {
		var destroyed atomic.Int32
		left := room
		l, err := openLanes(2, func() (*fakeSession, error) {
			if left--; left < 0 {
				return nil, full
			}
			return &fakeSession{destroyed: &destroyed, err: errors.New("close")}, nil
		})
		if !errors.Is(err, wantErr) {
			t.Errorf("room for %d: %v", room, err)
		}
		if err != nil {
			continue
		}
		if want := min(room, 2); l.n != want {
			t.Errorf("room for %d: %d sessions", room, l.n)
		}
		if err := l.close(); err == nil || int(destroyed.Load()) != l.n {
			t.Errorf("room for %d: %d closed, %v", room, destroyed.Load(), err)
		}
	}
}

// Who waits for a session can give up, and a failure is that of its own call.
func TestLanesStop(t *testing.T) {
	var destroyed atomic.Int32
	l, err := openLanes(1, func() (*fakeSession, error) { return &fakeSession{destroyed: &destroyed}, nil })
	if err != nil {
		t.Fatal(err)
	}
	started, release := make(chan bool), make(chan bool)
	first := make(chan error)
	failure := errors.New("failure")
	go func() {
		first <- l.do(context.Background(), func(*fakeSession) error { close(started); <-release; return failure })
	}()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.do(ctx, func(*fakeSession) error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
	close(release)
	if err := <-first; !errors.Is(err, failure) {
		t.Errorf("running: %v", err)
	}
	if err := l.do(t.Context(), func(*fakeSession) error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
}
