//go:build unix

package artifact

import "golang.org/x/sys/unix"

// writable returns why this process can't make files in a folder.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }
