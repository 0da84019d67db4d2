package main

import (
	"time"

	"finetune/scripts/internal/used"
)

// watchMemory notes the peak memory of a process, in bytes, until done is closed, and then sends it.
func watchMemory(pid int, done <-chan struct{}) <-chan float64 {
	most := make(chan float64, 1)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		so := 0.0
		for {
			select {
			case <-tick.C:
				so = max(so, used.PeakMemory(pid))
			case <-done:
				most <- so
				return
			}
		}
	}()
	return most
}
