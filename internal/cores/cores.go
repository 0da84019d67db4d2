// Package cores resolves how many threads a job works with. Of this module it imports only invalid.
package cores

import (
	"runtime"

	"finetune/invalid"
)

// Threads declares the number of threads of a job, each of which has buffers of its own.
var Threads = invalid.Number{Field: "Threads", Range: invalid.Range{Low: 1, High: 1024}, Whole: true, AutoIs: "all cores"}

// Of returns threads, or all cores that Go may use where it is 0.
func Of(threads int) int {
	if threads == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return threads
}

// Check reports a number of threads that is out of range, as an *invalid.Error.
func Check(threads int) error { return Threads.Check(float64(threads)) }
