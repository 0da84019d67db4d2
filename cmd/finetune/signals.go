package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that ends with the first signal to stop: Ctrl-C, TERM or HUP. A second one ends the process at
// once, whatever it is waiting for. A signal that was ignored when the process started (nohup) stays ignored.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	stops := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		stops = append(stops, syscall.SIGHUP)
	}
	signals := make(chan os.Signal, 2)
	done := make(chan struct{})
	signal.Notify(signals, stops...)
	go func() {
		for range 2 {
			select {
			case <-signals:
				if ctx.Err() != nil {
					os.Exit(exitInterrupted)
				}
				cancel()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
