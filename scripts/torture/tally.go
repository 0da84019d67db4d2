package main

import (
	"fmt"
	"strings"
	"sync"
)

// A tally counts cases.
type tally struct {
	mu             sync.Mutex
	passed, failed int
	told           map[string]int // findings by kind
}

// count counts a case. What a failed one found is printed, unless there were many of its kind before.
func (t *tally) count(name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.passed++
		return
	}
	t.failed++
	kind, _, _ := strings.Cut(err.Error(), ":")
	if t.told == nil {
		t.told = map[string]int{}
	}
	const most = 40
	if t.told[kind]++; t.told[kind] <= most {
		fmt.Printf("FAILED %s\n       %s\n", name, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n       "))
	}
}
