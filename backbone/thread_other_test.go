//go:build !linux

package backbone

func threadID() int { return 0 }
