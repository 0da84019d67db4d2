//go:build !amd64 && !arm64

package kernel

func nativeDouble() []Double[float64] { return nil }

func nativeSingle() []Double[float32] { return nil }
