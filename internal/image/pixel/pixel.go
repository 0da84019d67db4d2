// Package pixel holds the inner loops of decoding and resizing, on 8-bit samples and pixels: in assembly for amd64
// processors with AVX2 and for arm64 (NEON), in plain Go for all others. All give the same bits.
//
// It knows no files and no pictures: packages jpeg, decode and resample choose the rows and columns. Slices that are too
// short cause a panic.
package pixel

//go:generate go -C gen run . -pkg pixel -out ../kernel_amd64.s -stubs ../stubs_amd64.go
//go:generate go run ./genneon

// Clamp returns the level from 0 to 255 that is nearest to v.
func Clamp(v int32) uint8 {
	if uint32(v) > 255 {
		v = ^(v >> 31) & 255
	}
	return uint8(v)
}
