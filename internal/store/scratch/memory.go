package scratch

import (
	"os"
	"strconv"
	"strings"
)

// Memory returns how many bytes of memory this process may use: what the machine has, or less where a control group
// says so. It is 0 where that isn't known, which is on all systems but Linux.
func Memory() int64 {
	least := totalMemory(readFile("/proc/meminfo"))
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		limit, err := strconv.ParseInt(strings.TrimSpace(readFile(name)), 10, 64)
		if err == nil && limit > 0 && limit < least {
			least = limit
		}
	}
	return least
}

func readFile(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(text)
}

// totalMemory reads MemTotal of /proc/meminfo; 0 where it isn't there.
func totalMemory(meminfo string) int64 {
	for line := range strings.Lines(meminfo) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}
