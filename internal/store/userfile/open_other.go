//go:build !unix

package userfile

const nonBlocking = 0

func notAFile(error) bool { return false }
