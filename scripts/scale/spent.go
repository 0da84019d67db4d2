//go:build unix

package main

import (
	"time"

	"finetune/scripts/internal/used"
)

// Spent is the time that a stage took: by the clock, which counts what other programs did meanwhile, and of the processors.
type spent struct{ Elapsed, Processor float64 }

func timed(f func() error) (spent, error) {
	start, before := time.Now(), used.ProcessorTime()
	err := f()
	return spent{time.Since(start).Seconds(), used.ProcessorTime() - before}, err
}
