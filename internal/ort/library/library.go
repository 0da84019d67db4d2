// Package library finds the native ONNX Runtime library, reports why a file can't be used, and installs the one
// version that this program is tested with, verified by SHA-256, into the user's cache.
//
// The package uses no cgo and loads nothing; that is [finetune/internal/ort/env]'s part, which it must not import. It
// reads headers of library files, and runs the user's own package client (pip or npm) in [Install] only, so that no
// other job can use the network through it.
package library

import (
	"strings"

	"finetune/invalid"
)

const (
	// Version is the release of ONNX Runtime that [Install] brings for the CPU.
	Version = "1.24.3"
	// Minimum is the oldest release whose C API the Go binding can use.
	Minimum = "1.24"
	// CUDA is the device that has a build of its own, CUDAVersion its release. Its package is published for other releases
	// than that of the CPU's.
	CUDA        = "cuda"
	CUDAVersion = "1.31.1"
	// CUDAProvider is the file beside the library that runs networks on CUDA.
	CUDAProvider = "libonnxruntime_providers_cuda.so"
	// EnvVar names a library file for every command run in that environment.
	EnvVar = "ONNXRUNTIME_LIB"
)

// A Library is a file that passed the checks of [Find]: a shared library for this system and processor that exports
// ONNX Runtime's entry point and isn't known to be too old.
type Library struct {
	Path    string `json:"path"`    // absolute
	Version string `json:"version"` // "1.24.3"; empty when the file doesn't name one
	Origin  Origin `json:"origin"`
}

// An Origin is one of the places that are searched, in this order.
type Origin string

const (
	FromFlag   Origin = "flag"
	FromEnv    Origin = "environment"
	FromBinary Origin = "beside the binary"
	FromCache  Origin = "cache"
	FromSystem Origin = "system"
)

// A State is what is at a [Place].
type State string

const (
	Usable  State = "usable"
	Missing State = "missing"
	TooOld  State = "too old"
	Unfit   State = "not usable" // not a library, or one of another kind, system or processor
)

// A Place is a file or folder that was looked at.
type Place struct {
	Origin  Origin `json:"origin"`
	Path    string `json:"path"`
	State   State  `json:"state"`
	Version string `json:"version,omitempty"` // of the library that is there, where it is known
	Detail  string `json:"detail,omitempty"`  // why it can't be used
}

// Find returns the library to load: the file at path when path isn't empty, else the one that [EnvVar] names, else
// the first usable one beside the binary, in the user's cache and in the system's library folders. A file that the
// user named is never passed over: it is an error when it can't be used. Every error is a *invalid.Error.
//
// device is what the library is for: with [CUDA] or "auto" the build for it comes before the other one in the cache.
func Find(path, device string) (Library, error) { return newSearcher(path, device).find() }

// Search looks at every place that [Find] could look at, in its order, also after a usable one.
func Search(path, device string) []Place {
	var all []Place
	for p := range newSearcher(path, device).places() {
		all = append(all, p)
	}
	return all
}

func (s *searcher) find() (Library, error) {
	var seen []Place
	for p := range s.places() {
		if p.State == Usable {
			return Library{Path: p.Path, Version: p.Version, Origin: p.Origin}, nil
		}
		if p.Origin == FromFlag || p.Origin == FromEnv {
			return Library{}, named(p)
		}
		seen = append(seen, p)
	}
	return Library{}, notFound(seen)
}

// named returns the error for a file at p that the user named.
func named(p Place) error {
	m := &invalid.Error{
		Field: "Images.Library",
		Path:  p.Path,
		Found: p.describe(),
		Want:  "the shared library of ONNX Runtime " + Minimum + " or newer",
		Hint:  "name another file, or none and run `finetune setup`",
	}
	if p.Origin == FromEnv {
		m.Field = EnvVar
		m.Hint = "name another file, or unset " + EnvVar + " and run `finetune setup`"
	}
	return m
}

// notFound returns the error for a machine without a usable library. It lists the files that can't be used, each with
// the reason, and then the places where there was none.
func notFound(seen []Place) error {
	var unusable, empty []string
	for _, p := range seen {
		if p.State == Missing {
			empty = append(empty, p.Path)
		} else {
			unusable = append(unusable, p.Path+" is "+p.describe())
		}
	}
	found := "not found in " + strings.Join(empty, ", ")
	if len(unusable) > 0 {
		found = strings.Join(unusable, ", ")
		if len(empty) > 0 {
			found += "; nothing in " + strings.Join(empty, ", ")
		}
	}
	return &invalid.Error{
		Path:  "ONNX Runtime",
		Found: found,
		Want:  "version " + Minimum + " or newer",
		Hint:  "run `finetune setup`, or name the library with {Images.Library} or " + EnvVar,
	}
}

// describe returns in a few words why the place has no usable library.
func (p Place) describe() string {
	if p.Detail == "" {
		return string(p.State)
	}
	return string(p.State) + ": " + p.Detail
}
