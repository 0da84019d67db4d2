package main

import "syscall"

// A call is a system call on a file of the box.
type call struct {
	name string
	kind kind
	path string // below the box
}

// A kind is what a system call does, which decides how it can fail.
type kind int

const (
	reading kind = iota
	looking
	openingToRead
	opening // to write
	writing
	syncing
	closing
	naming
	removing
	locking
)

// changes reports whether a call may leave something behind, so that it matters whether a process is killed before it.
func (k kind) changes() bool { return k >= opening }

// A verdict is what becomes of a call.
type verdict struct {
	kill  bool          // the process dies before the call
	torn  bool          // half of what is written is
	errno syscall.Errno // the call fails
}

// A failure is an error that system calls return: once, or from then on to all that could meet it.
type failure struct {
	name  string
	errno syscall.Errno
	stays bool
	kinds []kind
}

// failures are the errors of a failing disk, a full one, a process with too many files, and of permissions that were taken away.
var failures = []failure{
	{"EIO", syscall.EIO, false, []kind{reading, looking, openingToRead, opening, writing, syncing, closing, naming, removing}},
	{"ENOSPC", syscall.ENOSPC, true, []kind{opening, writing, syncing, naming}},
	{"EMFILE", syscall.EMFILE, true, []kind{opening, openingToRead}},
	{"EACCES", syscall.EACCES, false, []kind{opening, openingToRead, naming, removing, looking}},
	{"ENOLCK", syscall.ENOLCK, false, []kind{locking}},
}
