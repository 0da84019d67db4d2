// Package jpeg decodes JPEG files, baseline and progressive, into their planes of samples, to the bit as
// libjpeg-turbo does with its default settings.
//
// image/jpeg of the standard library differs by one level in a few per cent of the samples, because its inverse
// DCT rounds elsewhere. That looks harmless, but the features of a deep network on a photo then differ by up to
// 1e-3 in cosine from those of Python tools. The tests use the standard library as the reference within a tolerance.
//
// Chroma isn't upsampled here and colours aren't converted; that is left to the caller, who may need only a part.
// Not read, as in the standard library: 12 bits a sample, arithmetic coding, lossless and hierarchical files.
// Data that is cut off or damaged is an error, never a grey area.
package jpeg

import (
	"errors"
	"fmt"
	"io"
)

// Colour is the meaning of the planes.
type Colour int

// The colour models of a JPEG. Inks are as stored: Adobe's programs store them inverted, 255 for no ink, and no
// others are known to write them.
const (
	Grey Colour = iota
	YCbCr
	RGB
	CMYK
	YCCK // CMY as YCbCr, K as it is
)

// A Plane is one component. Rows are Stride bytes apart; what lies beyond Width and Height is padding.
type Plane struct {
	Pix           []uint8
	Stride        int
	Width, Height int

	// The picture has Across × Down pixels for each sample.
	Across, Down int
}

// Row returns the samples of row y.
func (p *Plane) Row(y int) []uint8 { return p.Pix[y*p.Stride : y*p.Stride+p.Width] }

// A Picture is a decoded file. Its planes share memory with the Decoder that made it.
type Picture struct {
	Width, Height int
	Colour        Colour
	Planes        []Plane // one for Grey, three for YCbCr and RGB, four for CMYK and YCCK
}

// Errors of files that this package doesn't read; a damaged file gives ErrDamaged, one that ends too early
// io.ErrUnexpectedEOF. All come wrapped.
var (
	ErrDamaged     = errors.New("damaged data")
	ErrUnsupported = errors.New("unsupported kind of JPEG")
	ErrTooLarge    = errors.New("more than the limits of JPEG allow")
)

// Limits bounds memory and time. A value of 0 means no limit.
type Limits struct {
	// Memory is the number of bytes for samples and coefficients. It is checked before they are allocated.
	Memory int64

	// Work is the number of samples summed over all scans of a progressive file, in which libjpeg's usual settings have
	// each sample five times. It is checked before the first scan is decoded.
	Work int64
}

// A Decoder decodes one file after the other into memory that it keeps. The zero value is ready to use; one
// Decoder serves one goroutine.
type Decoder struct {
	Limits Limits
	Stop   func() error // called before each row of blocks if it is set; an error of it ends Decode, which returns it

	data []byte
	pos  int

	frame      frame
	quant      [4][64]uint16 // in zigzag order
	quantKnown [4]bool
	dc, ac     [4]huffman
	restart    int // MCUs between restart markers, 0 for none
	jfif       bool
	adobe      bool
	transform  byte // of the Adobe segment

	bits   bitReader
	block  [64]int32 // zero between blocks
	eobRun int
	kept   [4][]uint8
	coeffs [4][]coeffBlock
}

// Size returns the width and height that the header of a file states, without decoding it.
func (d *Decoder) Size(data []byte) (width, height int, err error) {
	d.reset(data)
	if err := d.segments(true); err != nil {
		return 0, 0, err
	}
	return d.frame.width, d.frame.height, nil
}

// Decode decodes a file. The picture is valid until the next call on d. A caller with bytes that it doesn't trust
// calls Size first and sets Limits: memory of up to 16 bytes a pixel is needed.
func (d *Decoder) Decode(data []byte) (*Picture, error) {
	d.reset(data)
	if err := d.segments(false); err != nil {
		return nil, err
	}
	f := &d.frame
	for i := range f.components {
		c := &f.components[i]
		if !c.seen {
			return nil, fmt.Errorf("%w: component %d is missing", ErrDamaged, i+1)
		}
		if f.progressive {
			if err := c.reconstruct(d.stopped); err != nil {
				return nil, err
			}
		}
	}
	colour, err := d.colour()
	if err != nil {
		return nil, err
	}
	p := &Picture{Width: f.width, Height: f.height, Colour: colour}
	for i := range f.components {
		c := &f.components[i]
		p.Planes = append(p.Planes, Plane{Pix: c.pix, Stride: c.stride, Width: c.width, Height: c.height,
			Across: f.maxH / c.h, Down: f.maxV / c.v})
	}
	return p, nil
}

// reset forgets the last file but keeps the memory.
func (d *Decoder) reset(data []byte) {
	*d = Decoder{Limits: d.Limits, Stop: d.Stop, data: data, kept: d.kept, coeffs: d.coeffs, dc: d.dc, ac: d.ac}
	for i := range d.dc {
		d.dc[i].known, d.ac[i].known = false, false
	}
}

// stopped returns the error of Stop.
func (d *Decoder) stopped() error {
	if d.Stop == nil {
		return nil
	}
	return d.Stop()
}

// colour decides as libjpeg does: by the JFIF and Adobe segments, else by the components' names.
func (d *Decoder) colour() (Colour, error) {
	cs := d.frame.components
	switch len(cs) {
	case 1:
		return Grey, nil
	case 3:
		switch {
		case d.jfif:
			return YCbCr, nil
		case d.adobe && d.transform == 0:
			return RGB, nil
		case !d.adobe && cs[0].id == 'R' && cs[1].id == 'G' && cs[2].id == 'B':
			return RGB, nil
		}
		return YCbCr, nil
	case 4:
		if d.adobe && d.transform != 0 {
			return YCCK, nil
		}
		return CMYK, nil
	}
	return 0, fmt.Errorf("%w: %d components", ErrUnsupported, len(cs))
}

// maxKept is the number of elements of a buffer above which it isn't kept for the next file.
const maxKept = 1 << 27

// take returns a slice of n elements from *kept, which it makes larger if need be. The contents are undefined.
func take[T any](kept *[]T, n int) []T {
	if cap(*kept) >= n {
		return (*kept)[:n]
	}
	s := make([]T, n)
	if n <= maxKept {
		*kept = s
	}
	return s
}

var errCutOff = fmt.Errorf("%w before the end of the picture", io.ErrUnexpectedEOF)
