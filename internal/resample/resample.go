// Package resample resizes 8-bit pictures with antialiasing, to the bit as Pillow's Image.resize does, and
// computes only the part of the result that is wanted.
//
// Resizing is separable: along rows and along columns, rounded to 8 bits between. When a picture is made smaller
// the filter is stretched over all the pixels that fall into one, which is what antialiasing means here.
//
// github.com/disintegration/imaging computes the same to within one level (the tests compare), but takes
// three times the processor time for a large photo and starts goroutines of its own, which a pool of workers doesn't want.
package resample

import (
	"fmt"
	"image"

	"finetune/internal/pixelkernel"
)

// A Filter is a kernel of interpolation.
type Filter int

const (
	Bilinear Filter = iota // a triangle of half width 1
	Bicubic                // Keys' cubic convolution with a = −1/2, of half width 2
)

// A Resizer resizes one picture after the other and keeps its tables and buffers between calls. The zero value
// is ready to use; one Resizer serves one goroutine.
type Resizer struct {
	across, down axis
	rows         []uint8 // what the first pass gives
}

// Resize resizes src to width × height and writes the part crop of the result to dst, which has 3·crop.Dx()·crop.Dy()
// bytes: R, G, B, row by row. Alpha is ignored. It panics if dst has another length, src is empty or crop isn't
// inside the result.
func (r *Resizer) Resize(dst []uint8, src *image.NRGBA, width, height int, crop image.Rectangle, filter Filter) {
	if src.Rect.Empty() || !crop.In(image.Rect(0, 0, width, height)) || len(dst) != 3*crop.Dx()*crop.Dy() {
		panic(fmt.Sprintf("resample: %d bytes for %v of %d × %d from %v", len(dst), crop, width, height, src.Rect))
	}
	if crop.Empty() {
		return
	}
	r.across.prepare(span{src.Rect.Dx(), width, crop.Min.X, crop.Max.X, filter})
	r.down.prepare(span{src.Rect.Dy(), height, crop.Min.Y, crop.Max.Y, filter})

	if downFirst(src.Rect.Dx(), src.Rect.Dy(), width, height) {
		r.downAcross(dst, src)
	} else {
		r.acrossDown(dst, src)
	}
}

// downFirst reports whether columns are resized before rows, which makes a difference of one level here and there.
// The rule, that much more is taken from the height than from the width, is that of Pillow 13; earlier versions
// always began with the rows.
func downFirst(w, h, width, height int) bool {
	return height < h && h-height > 2*(w-width)
}

func (r *Resizer) acrossDown(dst []uint8, src *image.NRGBA) {
	top, bottom := r.down.reach()
	rowSize := 3 * r.across.len()
	r.rows = grow(r.rows, rowSize*(bottom-top))
	for y := top; y < bottom; y++ {
		from := src.PixOffset(src.Rect.Min.X, src.Rect.Min.Y+y)
		pixelkernel.Across(r.rows[rowSize*(y-top):rowSize*(y-top+1)], src.Pix[from:from+4*src.Rect.Dx()], &r.across.Taps)
	}
	for i := range r.down.len() {
		first, weights := r.down.taps(i)
		pixelkernel.Down(dst[i*rowSize:(i+1)*rowSize], r.rows[rowSize*(first-top):], rowSize, weights)
	}
}

// downAcross computes whole rows between the passes, but only the part of them that is needed.
func (r *Resizer) downAcross(dst []uint8, src *image.NRGBA) {
	left, right := r.across.reach()
	rowSize := 3 * r.across.len()
	r.rows = grow(r.rows, 4*src.Rect.Dx())
	for i := range r.down.len() {
		first, weights := r.down.taps(i)
		from := src.PixOffset(src.Rect.Min.X+left, src.Rect.Min.Y+first)
		pixelkernel.Down(r.rows[4*left:4*right], src.Pix[from:], src.Stride, weights)
		pixelkernel.Across(dst[i*rowSize:(i+1)*rowSize], r.rows, &r.across.Taps)
	}
}

// grow returns a slice of length n, s itself where its capacity allows. The contents are undefined.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
