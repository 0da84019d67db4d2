package main

import (
	"cmp"
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

// bounds says what bounds a cost, by the package of finetune and the package that it calls; those without an owner hold for all.
var bounds = map[[2]string]string{
	{"", ort}:                                "FLOPs, in ONNX Runtime's own kernels",
	{"", nativeThreads}:                      "FLOPs, in ONNX Runtime's own kernels, on threads of its own",
	{"", "SHA-256"}:                          "bytes that are hashed",
	{"", "CRC-32"}:                           "bytes that are checked",
	{"", "system calls"}:                     "the system: opening, reading and writing files",
	{"", memory}:                             "bytes: memory is allocated, cleared and copied; goroutines wait for each other",
	{"", collection}:                         "bytes that are allocated",
	{"", "net/http"}:                         "the protocol: headers and system calls of a request",
	{"", "image/jpeg"}:                       "arithmetic of Go's JPEG encoder",
	{"", "html/template"}:                    "escaping of what is written to the page",
	{"", "gonum.org/v1/gonum/floats"}:        "bytes: sums of long vectors",
	{"", "gonum.org/v1/gonum/mat"}:           "FLOPs",
	{"", "google.golang.org/protobuf/proto"}: "bytes: the network's file becomes messages",
	{"internal/image/pixel", ""}:             "arithmetic in vectors: colours and resizing of every pixel",
	{"internal/image/jpeg", ""}:              "latency: a Huffman code begins where the one before ends",
	{"preprocess", ""}:                       "bytes: every number of the network's input is written once",
	{"pipeline/familiarity", ""}:             "arithmetic: two products for each feature",
	{"pipeline/familiarity", "gonum.org/v1/gonum/blas/blas64"}: "FLOPs: a triangular system of 256 columns for each image",
	{"head/closedform", ""}:                         "bytes: rows and Gram matrix are passed over for each penalty",
	{"internal/linalg/kernel", ""}:                  "FLOPs: products of matrices",
	{"internal/linalg/symmetric", ""}:               "bytes: blocks of a matrix are copied to where they are multiplied",
	{"internal/store/featurestore", "system calls"}: "bytes: cached rows are copied out of the page cache",
	{"loss", ""}: "arithmetic: the exponential function",
}

// bound is what bounds a cost.
func (r *cost) bound() string {
	return cmp.Or(bounds[[2]string{r.owner, r.calls}], bounds[[2]string{"", r.calls}], "not said yet: see the function above")
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
		fmt.Fprintf(&s, "%d. %s, %.1f %%: %s\n", i+1, r.name(), 100*r.ms/c.total, r.bound())
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
