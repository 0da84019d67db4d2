//go:build unix

package used

import (
	"syscall"
	"time"
)

// ProcessorTime is what this process has used of all processors, in seconds.
func ProcessorTime() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
