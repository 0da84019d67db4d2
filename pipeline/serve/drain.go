package serve

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Serve answers requests until ctx ends. Then it drains: every answer closes its connection, and once all connections are
// closed, or after Limits.Drain, it refuses new ones. It answers what is under way, for at most Limits.Time, and returns
// nil. A client that reuses connections is told so before one goes away.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	var open connections
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		WriteTimeout: 2*s.o.Limits.Time + 10*time.Second, MaxHeaderBytes: 1 << 16, ErrorLog: errorLog(s.o.Log)}
	server.ConnState = open.set
	stoppable := &listener{Listener: l}
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		failed = server.Serve(stoppable)
	}()
	s.o.Log.InfoContext(ctx, "serving", "address", l.Addr().String())
	select {
	case <-ended:
		return failed
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.o.Log.Info("draining")
	within(s.o.Limits.Drain, func() bool { return open.count(anyState) == 0 })
	stoppable.stop()
	select {
	case <-ended:
	case <-time.After(time.Second): // connections come without a pause
	}
	// After Shutdown package http answers no request that it hasn't read.
	within(time.Second, func() bool { return open.count(http.StateNew) == 0 })
	grace, cancel := context.WithTimeout(context.Background(), s.o.Limits.Time+time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	<-ended
	s.o.Log.Info("stopped")
	return err
}

// within waits until something is so, or for some time.
func within(limit time.Duration, so func() bool) {
	for end := time.Now().Add(limit); !so() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

// connections are those that are open, with their states.
type connections struct {
	mu     sync.Mutex
	states map[net.Conn]http.ConnState
}

// anyState stands for all states of open connections.
const anyState http.ConnState = -1

func (c *connections) set(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.states == nil {
		c.states = map[net.Conn]http.ConnState{}
	}
	if c.states[conn] = state; state == http.StateClosed || state == http.StateHijacked {
		delete(c.states, conn)
	}
}

// count returns how many connections are in a state.
func (c *connections) count(state http.ConnState) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.states {
		if s == state || state == anyState {
			n++
		}
	}
	return n
}

// A listener can be stopped between connections: the system resets those that a client has opened and nobody has accepted
// when a listener is closed.
type listener struct {
	net.Listener
	stopping atomic.Bool
}

// stop closes the listener once nobody waits to be accepted.
func (l *listener) stop() {
	l.stopping.Store(true)
	l.wake()
}

// wake ends an Accept that waits.
func (l *listener) wake() {
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(time.Now())
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if !errors.Is(err, os.ErrDeadlineExceeded) || !l.stopping.Load() {
			return c, err
		}
		if !pending(l.Listener) {
			return nil, errors.Join(net.ErrClosed, l.Close())
		}
		if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
			_ = d.SetDeadline(time.Now().Add(time.Second)) // to accept that one
			defer l.wake()
		}
	}
}
