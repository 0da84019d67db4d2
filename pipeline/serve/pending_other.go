//go:build !unix

package serve

import "net"

// pending reports whether a connection waits to be accepted, which can't be asked here.
func pending(net.Listener) bool { return false }
