// Package flock takes advisory locks on open files. The system releases a lock when the file is closed or the process
// ends, so that none outlives its owner.
//
// Linux, macOS and the BSDs have flock(2). NFS turns it into a lock at the server, which holds between machines; the
// file must be open for writing then. Where the system or the file system has no such lock, every call reports
// [ErrUnsupported], and the caller has to do without. The package knows nothing of what the files are for.
package flock

import (
	"errors"
	"os"
)

var (
	// ErrHeld reports that another open file, of this process or another, holds a lock that excludes the one asked
	// for.
	ErrHeld = errors.New("the file is locked")
	// ErrUnsupported reports that there are no locks here.
	ErrUnsupported = errors.New("files can't be locked here")
)

// InPlace reports whether an open file still has its name. A lock on a file that was removed, or replaced, excludes
// nobody.
func InPlace(f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(opened, named)
}

// Create makes a new file for reading and writing and locks it with [Exclusive] or [Shared]. Between the two steps
// another process may take the file for one that nobody uses and remove it; then Create makes the next. Where files
// can't be locked it makes the file all the same.
func Create(nextName func() string, lock func(*os.File) error) (*os.File, error) {
	for {
		f, err := os.OpenFile(nextName(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
		if err != nil {
			return nil, err
		}
		err = lock(f)
		if errors.Is(err, ErrUnsupported) || err == nil && InPlace(f) {
			return f, nil
		}
		f.Close()
		os.Remove(f.Name())
		if err != nil && !errors.Is(err, ErrHeld) {
			return nil, err
		}
	}
}
