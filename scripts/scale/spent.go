//go:build unix

package main

import (
	"syscall"
	"time"
)

// Spent is the time that a stage took: by the clock, which counts what other programs did meanwhile, and of the processors.
type spent struct{ Elapsed, Processor float64 }

func timed(f func() error) (spent, error) {
	start, before := time.Now(), processorTime()
	err := f()
	return spent{time.Since(start).Seconds(), processorTime() - before}, err
}

// processorTime is what this process has used of all processors, in seconds.
func processorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
