package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// A stopper ends a context with the signals to stop.
type stopper struct {
	signals chan os.Signal
	done    chan struct{}
	cancel  context.CancelFunc
}

// interruptible returns a context that ends with the first signal to stop: Ctrl-C, TERM or HUP. A second one ends the process at
// once, whatever it is waiting for. A signal that was ignored when the process started (nohup) stays ignored.
func interruptible() (context.Context, *stopper) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &stopper{make(chan os.Signal, 2), make(chan struct{}), cancel}
	stops := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		stops = append(stops, syscall.SIGHUP)
	}
	signal.Notify(s.signals, stops...)
	go func() {
		for range 2 {
			select {
			case <-s.signals:
				if ctx.Err() != nil {
					os.Exit(exitInterrupted)
				}
				cancel()
			case <-s.done:
				return
			}
		}
	}()
	return ctx, s
}

// stop ends the watch. Signals stay caught, so that one that comes between the end of the job and that of the process changes
// nothing: the job is done, and its status says so.
func (s *stopper) stop() {
	close(s.done)
	s.cancel()
}

// hangups makes HUP a signal of its own, which doesn't stop any more, and returns where it arrives.
func (s *stopper) hangups() <-chan os.Signal {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	signal.Stop(s.signals)
	signal.Notify(s.signals, os.Interrupt, syscall.SIGTERM)
	return hangups
}
