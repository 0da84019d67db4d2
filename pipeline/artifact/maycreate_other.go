//go:build !unix

package artifact

// writable can't be known before a file is made.
func writable(string) error { return nil }
