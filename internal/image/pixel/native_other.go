//go:build !amd64 && !arm64

package pixel

func inverseDCTNative([]uint8, int, *[64]int32) bool { return false }
func coloursNative(_, _, _, _ []uint8) int           { return 0 }
func widenNative(_, _ []uint8) int                   { return 0 }
func widenBetweenNative(_, _, _ []uint8) int         { return 0 }
func acrossNative(_, _ []uint8, _ *Taps) int         { return 0 }
func downNative(_, _ []uint8, _ int, _ []int32) int  { return 0 }
