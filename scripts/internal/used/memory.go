// Package used reads how much memory and processor time processes have used, for the scripts that measure.
package used

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// PeakMemory returns the most memory that a running process has had resident, in bytes, as Linux tells it; 0 elsewhere and of a
// process that has ended. What getrusage says of a child is never below the peak of the process that started it.
func PeakMemory(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
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
