// Package resample resizes 8-bit pictures with antialiasing, to the bit as Pillow's Image.resize does, and
// computes only the part of the result that is wanted.
//
// Resizing is separable: along rows and along columns, rounded to 8 bits between. When a picture is made smaller
// the filter is stretched over all the pixels that fall into one, which is what antialiasing means here.
//
// github.com/disintegration/imaging computes the same to within one level (the tests compare), but takes
// three times the processor time for a large photo and starts goroutines of its own, which compete with those of a pool of workers.
package resample

import (
	"fmt"
	"image"

	"finetune/internal/image/pixel"
)

// A Filter is a kernel of interpolation.
type Filter int

const (
	Bilinear Filter = iota // a triangle of half width 1
	Bicubic                // Keys' cubic convolution with a = −1/2, of half width 2
)

// A Source gives the rows of a picture one by one, so that it needn't be in memory as a whole.
type Source interface {
	// Size returns the width and the height.
	Size() image.Point
	// Row returns row y: 4 bytes a pixel, R, G, B and one that is ignored. It is valid until the next call.
	Row(y int) []byte
}

// An Image is a Source of a picture in memory.
type Image struct{ *image.NRGBA }

// Size returns the width and the height.
func (m Image) Size() image.Point { return m.Rect.Size() }

// Row returns row y, counted from the top of the picture.
func (m Image) Row(y int) []byte {
	from := m.PixOffset(m.Rect.Min.X, m.Rect.Min.Y+y)
	return m.Pix[from : from+4*m.Rect.Dx()]
}

// A Turn makes a source upright: rows and columns are exchanged or not, and then the order of columns, of rows, or of
// both is reversed. The zero value changes nothing.
type Turn struct{ Transposed, MirroredX, MirroredY bool }

// A Resizer resizes one picture after the other and keeps its tables and buffers between calls. The zero value
// is ready to use; one Resizer serves one goroutine.
type Resizer struct {
	across, down axis    // along the rows of the source, and along its columns
	rows         []uint8 // what the first pass gives
	window       []uint8 // rows of the source
	turned       []uint8 // a result whose rows and columns are still to be exchanged
}

// Resize resizes src, turned, to width × height and writes the part crop of the result to dst, which has
// 3·crop.Dx()·crop.Dy() bytes: R, G, B, row by row. It reads the rows of src in order, each once, and only those that it
// needs. It panics if dst has another length, src is empty or crop isn't inside the result.
func (r *Resizer) Resize(dst []uint8, src Source, turn Turn, width, height int, crop image.Rectangle, filter Filter) {
	size := src.Size()
	if size.X <= 0 || size.Y <= 0 || !crop.In(image.Rect(0, 0, width, height)) || len(dst) != 3*crop.Dx()*crop.Dy() {
		panic(fmt.Sprintf("resample: %d bytes for %v of %d × %d from %v", len(dst), crop, width, height, size))
	}
	if crop.Empty() {
		return
	}
	// Turning is left to the tables, which costs nothing: weights are the same from the other side.
	across := span{in: size.X, out: width, first: crop.Min.X, end: crop.Max.X, mirrored: turn.MirroredX, filter: filter}
	down := span{in: size.Y, out: height, first: crop.Min.Y, end: crop.Max.Y, mirrored: turn.MirroredY, filter: filter}
	if turn.Transposed {
		across, down = down, across
		across.in, down.in = size.X, size.Y
		size.X, size.Y = size.Y, size.X
	}
	across.padded = true
	r.across.prepare(across)
	r.down.prepare(down)

	out := dst
	if turn.Transposed {
		r.turned = grow(r.turned, len(dst))
		out = r.turned
	}
	if downFirst(size.X, size.Y, width, height) != turn.Transposed {
		r.downAcross(out, src)
	} else {
		r.acrossDown(out, src)
	}
	if turn.Transposed {
		transpose(dst, out, crop.Dx(), crop.Dy())
	}
}

// downFirst reports whether columns are resized before rows, which makes a difference of one level here and there.
// The rule, that much more is taken from the height than from the width, is that of Pillow 13; earlier versions
// always began with the rows.
func downFirst(w, h, width, height int) bool {
	return height < h && h-height > 2*(w-width)
}

func (r *Resizer) acrossDown(dst []uint8, src Source) {
	top, bottom := r.down.First, r.down.End
	rowSize := 3 * r.across.len()
	r.rows = grow(r.rows, rowSize*(bottom-top))
	for y := top; y < bottom; y++ {
		pixel.Across(r.rows[rowSize*(y-top):rowSize*(y-top+1)], src.Row(y), &r.across.Taps)
	}
	for i := range r.down.len() {
		first, weights := r.down.taps(i)
		pixel.Down(dst[i*rowSize:(i+1)*rowSize], r.rows[rowSize*(first-top):], rowSize, weights)
	}
}

// downAcross holds only so many rows of the source as a few rows of the result are made from. It computes whole rows
// between the passes, but only the part of them that is needed.
func (r *Resizer) downAcross(dst []uint8, src Source) {
	left, right := r.across.First, r.across.End
	rowSize, stride := 3*r.across.len(), 4*(right-left)
	r.rows = grow(r.rows, 4*src.Size().X)
	most := 0
	for _, n := range r.down.Counts {
		most = max(most, n)
	}
	r.window = grow(r.window, 2*most*stride)
	from, to := 0, 0 // the rows in the window
	for i := range r.down.len() {
		if r.down.span.mirrored {
			i = r.down.len() - 1 - i // from the top of the source down all the same
		}
		first, weights := r.down.taps(i)
		end := first + len(weights)
		if end-from > 2*most {
			kept := max(to-first, 0)
			copy(r.window, r.window[(to-kept-from)*stride:(to-from)*stride])
			from, to = first, first+kept
		}
		for ; to < end; to++ {
			copy(r.window[(to-from)*stride:(to-from+1)*stride], src.Row(to)[4*left:4*right])
		}
		pixel.Down(r.rows[4*left:4*right], r.window[(first-from)*stride:], stride, weights)
		pixel.Across(dst[i*rowSize:(i+1)*rowSize], r.rows, &r.across.Taps)
	}
}

// transpose exchanges the rows and columns of src, and dst is w × h.
func transpose(dst, src []uint8, w, h int) {
	for y := range h {
		for x := range w {
			*(*[3]uint8)(dst[3*(y*w+x):]) = *(*[3]uint8)(src[3*(x*h+y):])
		}
	}
}

// grow returns a slice of length n, s itself where its capacity allows. The contents are undefined.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
