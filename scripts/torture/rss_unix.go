//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// maxResident returns the most memory that an ended process had resident, in bytes.
func maxResident(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}
