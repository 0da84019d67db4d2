// Package flock takes advisory locks on open files. The system releases a lock when the file is closed or the process ends, so
// that none outlives its owner.
//
// Linux, macOS and the BSDs have flock(2). NFS turns it into a lock at the server, which holds between machines; the file must be
// open for writing then. Where the system or the file system has no such lock, every call reports [ErrUnsupported], and the
// caller has to do without. The package knows nothing of what the files are for.
package flock

import "errors"

var (
	// ErrHeld reports that another open file, of this process or another, holds a lock that excludes the one asked for.
	ErrHeld = errors.New("the file is locked")
	// ErrUnsupported reports that there are no locks here.
	ErrUnsupported = errors.New("files can't be locked here")
)
