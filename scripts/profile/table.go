package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rows of a table: those that are named with what bounds them, and those that are listed.
const (
	named  = 5
	listed = 14
)

// bounds says what bounds a cost, by the package of finetune and the package that it calls.
var bounds = map[[2]string]string{
	{"backbone", ort}:                               "FLOPs, in ONNX Runtime's own kernels",
	{"internal/ort/verify", ort}:                    "FLOPs, in ONNX Runtime's own kernels",
	{"", "threads of native libraries"}:             "FLOPs, in ONNX Runtime's own kernels, on threads of its own",
	{"internal/image/pixel", ""}:                    "arithmetic in AVX2: colours and resizing of every pixel",
	{"internal/image/jpeg", ""}:                     "latency: a Huffman code begins where the one before ends",
	{"preprocess", ""}:                              "bytes: every number of the network's input is written once",
	{"pipeline/report", "image/jpeg"}:               "arithmetic of Go's JPEG encoder, for the pictures of the page",
	{"pipeline/features", "memory and scheduling"}:  "bytes: rows are cleared and copied",
	{"pipeline/familiarity", ""}:                    "arithmetic: a hash and two products for each feature",
	{"pipeline/run", "SHA-256"}:                     "bytes: the digest of all features",
	{"backbone", "SHA-256"}:                         "bytes: the digest of the network, once a run",
	{"", "garbage collection"}:                      "bytes allocated",
	{"", "memory and scheduling"}:                   "goroutines that are started, stopped and waited for",
	{"head/closedform", ""}:                         "FLOPs",
	{"internal/linalg/kernel", ""}:                  "FLOPs: products of matrices",
	{"internal/store/featurestore", "system calls"}: "bytes: cached rows are copied out of the page cache",
	{"pipeline/features", "SHA-256"}:                "bytes of image files, whose digest is the key in the cache",
	{"loss", ""}:                                    "arithmetic: the exponential function",
}

// table writes the costs of a stage.
func (c *costs) table(images int) string {
	rows := slices.SortedFunc(maps.Values(c.by), func(a, b *cost) int {
		switch {
		case a.ms != b.ms:
			return int(b.ms - a.ms)
		case a.owner != b.owner:
			return strings.Compare(a.owner, b.owner)
		}
		return strings.Compare(a.calls, b.calls)
	})
	var s strings.Builder
	fmt.Fprintf(&s, "%.1f s of a processor, %d images: %.2f ms each\n\n", c.total/1000, images, c.total/float64(images))
	s.WriteString(" share  ms/image  package, and what it calls\n")
	rest := c.total
	for _, r := range rows[:min(listed, len(rows))] {
		if r.ms < c.total/200 {
			break
		}
		fmt.Fprintf(&s, "%5.1f %%  %8.3f  %-68s %s\n", 100*r.ms/c.total, r.ms/float64(images), r.name(), r.most())
		rest -= r.ms
	}
	fmt.Fprintf(&s, "%5.1f %%  %8.3f  all others\n\nThe largest:\n", 100*rest/c.total, rest/float64(images))
	for i, r := range rows[:min(named, len(rows))] {
		bound := bounds[[2]string{r.owner, r.calls}]
		if bound == "" {
			bound = "not known yet"
		}
		fmt.Fprintf(&s, "%d. %s, %.1f %%: %s\n", i+1, r.name(), 100*r.ms/c.total, bound)
	}
	return s.String()
}

func (r *cost) name() string {
	switch {
	case r.owner == "":
		return r.calls
	case r.calls == "":
		return r.owner
	}
	return r.owner + " > " + r.calls
}

// most is the function of the owner with the largest part.
func (r *cost) most() string {
	best := ""
	for f, ms := range r.in {
		if best == "" || ms > r.in[best] || ms == r.in[best] && f < best {
			best = f
		}
	}
	return best
}
