//go:build !amd64

package kernel

func nativeDouble() []Double { return nil }
