package library

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var versionPattern = regexp.MustCompile(`\d+\.\d+\.\d+`)

// versionInName returns the version in the name of the file that path leads to, or "".
func versionInName(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return versionPattern.FindString(filepath.Base(path))
}

// olderThan compares dotted versions number by number; a missing or unreadable number counts as 0.
func olderThan(version, minimum string) bool {
	have, need := strings.Split(version, "."), strings.Split(minimum, ".")
	for i := range max(len(have), len(need)) {
		if h, n := part(have, i), part(need, i); h != n {
			return h < n
		}
	}
	return false
}

func part(numbers []string, i int) int {
	if i >= len(numbers) {
		return 0
	}
	n, err := strconv.Atoi(numbers[i])
	if err != nil {
		return 0
	}
	return n
}
