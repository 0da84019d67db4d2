//go:build unix

package main

import (
	"os"
	"strconv"
	"strings"
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

// peakMemory returns the most memory that this process had, in bytes, as Linux tells it; 0 elsewhere. What getrusage says would be no
// less than what the parent had when it started this process.
func peakMemory() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, _ := strconv.ParseFloat(fields[1], 64)
			return 1024 * kilobytes
		}
	}
	return 0
}
