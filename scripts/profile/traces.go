package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// A cost is the time of a package of finetune, or of what it calls in another package.
type cost struct {
	owner string // a package of finetune; "" where none is on the stack
	calls string // the package that it called, "" for its own code
	ms    float64
	in    map[string]float64 // by function of the owner
}

// costs are all costs of a profile.
type costs struct {
	by    map[[2]string]*cost
	total float64
}

// sampleLine begins a stack: its time and the innermost function.
var sampleLine = regexp.MustCompile(`^\s*([\d.]+)ms\s+(\S.*)$`)

// readTraces reads what go tool pprof -traces -unit=ms prints: stacks, the innermost function first, with lines of dashes between.
func readTraces(r io.Reader) (*costs, error) {
	c := &costs{by: map[[2]string]*cost{}}
	var ms float64
	var stack []string
	add := func() {
		if len(stack) > 0 {
			c.add(ms, stack)
		}
		stack = nil
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch m := sampleLine.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "-----------"):
			add()
		case m != nil:
			var err error
			if ms, err = strconv.ParseFloat(m[1], 64); err != nil {
				return nil, err
			}
			stack = []string{m[2]}
		case len(stack) > 0:
			stack = append(stack, strings.TrimSpace(line))
		}
	}
	add()
	if c.total == 0 {
		return nil, fmt.Errorf("a profile without samples")
	}
	return c, lines.Err()
}

// called names what packages are called for.
var called = map[string]string{
	"github.com/yalue/onnxruntime_go":  ort,
	"crypto/internal/fips140/sha256":   "SHA-256",
	"crypto/sha256":                    "SHA-256",
	"os":                               "system calls",
	"syscall":                          "system calls",
	"internal/poll":                    "system calls",
	"runtime":                          memory,
	"hash/crc32":                       "CRC-32",
	"github.com/parquet-go/parquet-go": "Parquet",
}

// Names of costs that aren't those of packages.
const (
	ort           = "ONNX Runtime"
	nativeThreads = "threads of ONNX Runtime"
	memory        = "memory and scheduling"
	collection    = "garbage collection"
)

// module begins the functions of finetune.
const module = "finetune/"

// add counts a stack for the innermost function of finetune on it, and for the package that this one called.
func (c *costs) add(ms float64, stack []string) {
	for len(stack) > 1 && strings.HasPrefix(stack[0], "runtime.asyncPreempt") { // the function was only interrupted there
		stack = stack[1:]
	}
	at, owner, calls, function := -1, "", "", ""
	for i, f := range stack {
		f = strings.TrimSuffix(f, " (inline)")
		if strings.HasPrefix(f, module) && !strings.HasPrefix(f, module+"scripts/") {
			at, owner, function = i, strings.TrimPrefix(packageOf(f), module), strings.TrimPrefix(f, packageOf(f)+".")
			break
		}
	}
	switch {
	case at > 0:
		calls = packageOf(stack[at-1])
	case at < 0:
		calls = packageOf(stack[len(stack)-1])
		for _, f := range stack {
			if strings.HasPrefix(f, "runtime._ExternalCode") {
				calls = nativeThreads
			}
			if strings.HasPrefix(f, "runtime.gcBgMarkWorker") || strings.HasPrefix(f, "runtime.bgsweep") || strings.HasPrefix(f, "runtime.bgscavenge") {
				calls = collection
			}
		}
	}
	if name, ok := called[calls]; ok {
		calls = name
	}
	key := [2]string{owner, calls}
	if c.by[key] == nil {
		c.by[key] = &cost{owner: owner, calls: calls, in: map[string]float64{}}
	}
	c.by[key].ms += ms
	c.by[key].in[function] += ms
	c.total += ms
}

// packageOf is the import path in a function's full name.
func packageOf(function string) string {
	slash := strings.LastIndex(function, "/")
	if bracket := strings.IndexByte(function, '['); bracket >= 0 && slash > bracket { // of a generic function's types
		slash = strings.LastIndex(function[:bracket], "/")
	}
	dot := strings.IndexByte(function[slash+1:], '.')
	if dot < 0 {
		return function
	}
	return function[:slash+1+dot]
}
