//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package flock

import "os"

// Exclusive reports ErrUnsupported.
func Exclusive(*os.File) error { return ErrUnsupported }

// Shared reports ErrUnsupported.
func Shared(*os.File) error { return ErrUnsupported }
