//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package flock

import (
	"errors"
	"os"
	"syscall"
)

// Exclusive locks f against every other lock. It doesn't wait.
func Exclusive(f *os.File) error { return lock(f, syscall.LOCK_EX) }

// Shared locks f against exclusive locks. It doesn't wait.
func Shared(f *os.File) error { return lock(f, syscall.LOCK_SH) }

func lock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrHeld
		case errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EOPNOTSUPP),
			errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.EBADF), errors.Is(err, syscall.EINVAL):
			return ErrUnsupported // EBADF is NFS's answer for a file that is open for reading only
		default:
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}
