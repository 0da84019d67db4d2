// Package cores resolves how many threads a job works with. It imports nothing of this module.
package cores

import (
	"fmt"
	"runtime"

	"finetune/invalid"
)

// Max bounds the threads of a job: each has buffers of its own.
const Max = 1024

// Of returns threads, or all cores that Go may use where it is 0.
func Of(threads int) int {
	if threads == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return threads
}

// Check reports a number of threads that is out of range, as an *invalid.Error.
func Check(threads int) error {
	if threads < 0 || threads > Max {
		return &invalid.Error{Field: "Threads", Found: fmt.Sprint(threads), Want: fmt.Sprintf("1 to %d, or 0 for all cores", Max)}
	}
	return nil
}
