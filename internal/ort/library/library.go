// Package library knows where the native ONNX Runtime library is: it finds it, tells why a file will not do,
// and installs the one version that this program is tested with, verified by SHA-256, into the user's cache.
//
// The package is free of cgo and loads nothing; [finetune/internal/ort/env] does that. It reads headers of
// library files and runs the user's own package client (pip or npm) in [Install] and nowhere else, so that no
// other job can come to use the network through it.
package library

import (
	"strings"

	"finetune/invalid"
)

const (
	// Version is the release of ONNX Runtime that [Install] brings.
	Version = "1.24.3"
	// Minimum is the oldest release whose C API the Go binding can use.
	Minimum = "1.24"
	// Flag is the command's flag that names a library file, for messages.
	Flag = "--library"
	// EnvVar names a library file for every command run in that environment.
	EnvVar = "ONNXRUNTIME_LIB"
)

// A Library is a file that passed the checks of [Find]: a shared library for this system and processor that
// exports ONNX Runtime's entry point and is not known to be too old.
type Library struct {
	Path    string `json:"path"`    // absolute
	Version string `json:"version"` // "1.24.3"; empty when the file doesn't tell
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

// A State says what is at a [Place].
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
	Version string `json:"version,omitempty"` // of the library that is there, where it tells
	Detail  string `json:"detail,omitempty"`  // why it can't be used
}

// Find returns the library to load: the file named by flag when flag isn't empty, else the one named by
// [EnvVar], else the first usable one beside the binary, in the user's cache and in the system's library
// folders. A file that the user named and that won't do is a mistake, never passed over. Every error is a
// *invalid.Error of one line with the command that mends it.
func Find(flag string) (Library, error) { return newSearcher(flag).find() }

// Search looks at every place that [Find] could look at, in its order, whether or not an earlier one would do.
func Search(flag string) []Place {
	var all []Place
	for p := range newSearcher(flag).places() {
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

// named is the mistake of a user who named the library at p.
func named(p Place) error {
	m := &invalid.Error{
		Field: Flag + " " + p.Path,
		Found: p.describe(),
		Want:  "the shared library of ONNX Runtime " + Minimum + " or newer",
		Hint:  "name another file, or leave the flag out and run `finetune setup`",
	}
	if p.Origin == FromEnv {
		m.Field = EnvVar + "=" + p.Path
		m.Hint = "name another file, or unset " + EnvVar + " and run `finetune setup`"
	}
	return m
}

// notFound is the mistake of a user who has no usable library anywhere. Files that are there but won't do are
// told one by one; the rest is a list of where nothing was.
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
		Field: "ONNX Runtime",
		Found: found,
		Want:  "version " + Minimum + " or newer",
		Hint:  "run `finetune setup`, or name the library with " + Flag + " or " + EnvVar,
	}
}

// describe says in a few words why the place won't do.
func (p Place) describe() string {
	if p.Detail == "" {
		return string(p.State)
	}
	return string(p.State) + ": " + p.Detail
}
