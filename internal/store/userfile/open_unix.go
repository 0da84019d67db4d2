//go:build unix

package userfile

import (
	"errors"
	"syscall"
)

// nonBlocking keeps open from waiting for the other end of a FIFO. It changes nothing for regular files.
const nonBlocking = syscall.O_NONBLOCK

// notAFile reports whether an error of open says that the path names nothing that a file can be: a component that is
// a file, a name that is too long, a loop of links, a device without a driver or a socket.
func notAFile(err error) bool {
	for _, e := range []syscall.Errno{
		syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.ENXIO, syscall.EINVAL, syscall.ENODEV,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
