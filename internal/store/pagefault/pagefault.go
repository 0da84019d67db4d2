// Package pagefault turns faults at addresses of mapped files into errors. A page of a mapped file can't be read any more when
// another program cuts the file or the disk fails, which Go otherwise answers by ending the process.
//
// It knows addresses and explanations alone: mapping files is for packages npy and scratch.
package pagefault

import (
	"runtime/debug"
	"slices"
	"sync"
	"unsafe"
)

// A Range is memory that a file is mapped to.
type Range struct {
	from, to uintptr
	explain  func() error
	gone     bool
}

var known struct {
	sync.Mutex
	ranges  []*Range
	catches int // that are under way
}

// Watch makes Catch return what explain says of a fault in memory. Forget ends that, once the file is no longer mapped.
func Watch(start unsafe.Pointer, size int, explain func() error) *Range {
	r := &Range{from: uintptr(start), to: uintptr(start) + uintptr(size), explain: explain}
	known.Lock()
	defer known.Unlock()
	// What was mapped here before can't be meant any more.
	known.ranges = slices.DeleteFunc(known.ranges, func(old *Range) bool { return old.gone && old.from < r.to && r.from < old.to })
	known.ranges = append(known.ranges, r)
	return r
}

// Forget ends Watch. A fault that a Catch is about to see, behind the deferred call of Forget, is still explained.
func (r *Range) Forget() {
	if r == nil {
		return
	}
	known.Lock()
	defer known.Unlock()
	r.gone = true
	dropGone()
}

func dropGone() {
	if known.catches == 0 {
		known.ranges = slices.DeleteFunc(known.ranges, func(r *Range) bool { return r.gone })
	}
}

// Catch makes the function that calls it return an error for a fault in watched memory; other panics go on. It is for one goroutine:
//
//	defer pagefault.Catch(&err)()
func Catch(err *error) func() {
	known.Lock()
	known.catches++
	known.Unlock()
	before := debug.SetPanicOnFault(true)
	return func() {
		cause := recover()
		debug.SetPanicOnFault(before)
		found := explained(cause)
		known.Lock()
		known.catches--
		dropGone()
		known.Unlock()
		switch {
		case found != nil:
			*err = found
		case cause != nil:
			panic(cause)
		}
	}
}

// Do calls f and returns its error, or that of a fault in watched memory.
func Do(f func() error) (err error) {
	defer Catch(&err)()
	return f()
}

// explained returns the error for what was recovered, nil where it isn't a fault in watched memory.
func explained(cause any) error {
	fault, ok := cause.(interface{ Addr() uintptr })
	if !ok {
		return nil
	}
	known.Lock()
	var found *Range
	for _, r := range known.ranges {
		if r.from <= fault.Addr() && fault.Addr() < r.to {
			found = r
		}
	}
	known.Unlock()
	if found == nil {
		return nil
	}
	return found.explain()
}
