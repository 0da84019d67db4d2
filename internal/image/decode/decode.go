// Package decode turns the bytes of an image file into 8-bit RGB pixels: JPEG, PNG, WebP, GIF, BMP and TIFF, and HEIC and
// AVIF where the system has libheif. The format is recognised by the first bytes, never by a file name.
//
// The pixels are those of Pillow's ImageOps.exif_transpose(image).convert("RGB"), so that features agree with
// the Python tools that users compare with: the orientation is applied, which EXIF or XMP metadata holds; palettes are
// expanded, grey becomes three equal channels, CMYK becomes RGB without a colour profile, and alpha is dropped, not
// composited. Chroma of JPEG and lossy WebP is upsampled as libjpeg and libwebp do, with a triangle filter, where the
// standard library would repeat samples. Of an animation or a file of several pages the first picture counts.
//
// One thing differs on purpose: 16-bit grey is treated like 16-bit colours, of which Pillow too keeps the high byte.
// Pillow's convert("RGB") clips grey values above 255 to white instead, which leaves nothing of a picture.
// Limits.White maps the values of files that don't use all 16 bits.
//
// The package doesn't resize, read files or know about networks.
package decode

import (
	"fmt"
	"image"
	"io"

	"finetune/internal/image/depth"
	"finetune/internal/image/jpeg"
	"finetune/internal/image/png"
	"finetune/internal/image/tiff"
)

// The limits of a zero Limits. The largest phone sensors have 200 megapixels.
const (
	DefaultMaxBytes  = 1 << 29
	DefaultMaxPixels = 200_000_000
)

// maxSide is the longest side of a picture: decoders hold a few rows of up to 64 bytes a pixel.
const maxSide = 1 << 20

// The budget of a decoder for each pixel of MaxPixels: bytes of memory, and JPEG samples summed over all scans. 8-bit RGB takes 4 bytes here, and libjpeg's usual progressive files
// hold 5 times 3 samples of each pixel.
const (
	memoryPerPixel  = 8
	samplesPerPixel = 32
)

// Limits bounds the size of a file and of its picture. A value of zero or less means the default.
type Limits struct {
	MaxBytes  int64 // length of the file
	MaxPixels int64 // width × height, checked before any pixel is decoded

	// White is the sample of 16-bit files that becomes 255, such as 4095 for values of 12 bits; larger ones become 255
	// too. The default keeps the high byte. Other files don't depend on it.
	White int
}

func (l Limits) maxBytes() int64  { return orDefault(l.MaxBytes, DefaultMaxBytes) }
func (l Limits) maxPixels() int64 { return orDefault(l.MaxPixels, DefaultMaxPixels) }

func orDefault(v, standard int64) int64 {
	if v <= 0 {
		return standard
	}
	return v
}

// A Decoder decodes one image after the other into buffers that it keeps. The zero value is ready to use; one
// Decoder serves one goroutine.
type Decoder struct {
	Limits Limits

	// Stop is called many times while an image is decoded if it is set, such as the Err method of a context. Its first
	// error ends the call, which returns it unchanged. The decoders of lossy WebP, BMP and HEIC don't call it.
	Stop func() error

	pix    buffer // the picture as stored
	turned buffer // the picture after its orientation was applied
	line   []byte // one row
	jpeg   jpeg.Decoder
	png    png.Decoder
	tiff   tiff.Decoder
	depth  depth.Reducer
	chroma chromaRows
}

// Decode decodes data with a Decoder of its own.
func Decode(data []byte, limits Limits) (*image.NRGBA, error) {
	return (&Decoder{Limits: limits}).Decode(data)
}

// Decode returns the picture in data with its orientation applied. Its rectangle begins at (0, 0), its stride is
// four times its width and every alpha is 255. The picture is valid until the next call on d.
//
// An error is an [Error] or Stop's. No input makes Decode panic.
func (d *Decoder) Decode(data []byte) (img *image.NRGBA, err error) {
	p, err := d.Open(data)
	if err != nil {
		return nil, err
	}
	img = p.whole(&d.pix)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return d.orient(img, p.Orientation), nil
}

// Open decodes a picture like Decode, but doesn't convert rows to RGB until the caller reads them, and doesn't apply the
// orientation. For a large photo this saves a third of the time and most of the memory of Decode.
func (d *Decoder) Open(data []byte) (*Picture, error) {
	if err := d.stopped(); err != nil {
		return nil, err
	}
	format, err := d.check(data)
	if err != nil {
		return nil, d.fault(err)
	}
	p, err := d.open(format, data)
	if err != nil {
		return nil, d.fault(err)
	}
	p.format, p.decoder = format, d
	return p, nil
}

// check returns the format of data that isn't too long.
func (d *Decoder) check(data []byte) (Format, error) {
	if limit := d.Limits.maxBytes(); int64(len(data)) > limit {
		return "", fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(data), limit)
	}
	return Sniff(data)
}

// open decodes a picture of a known format.
func (d *Decoder) open(format Format, data []byte) (p *Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, panicked(format, r)
		}
	}()
	c := codecs[format]
	w, h, err := c.size(data)
	if err != nil {
		return nil, explain(format, err)
	}
	if err := d.checkSize(format, w, h); err != nil {
		return nil, err
	}
	d.prepare()
	if format == JPEG {
		planes, err := d.jpeg.Decode(data)
		if err != nil {
			return nil, explain(JPEG, err)
		}
		p = d.picture(image.Pt(w, h), d.chroma.jpeg(planes))
	} else {
		img, err := c.decode(d, data)
		if err != nil {
			return nil, explain(format, err)
		}
		if size := img.Bounds().Size(); size != image.Pt(w, h) {
			return nil, fmt.Errorf("damaged %s image: %d × %d pixels where the header says %d × %d",
				format, size.X, size.Y, w, h)
		}
		p = d.picture(img.Bounds().Size(), d.rowReader(format, img))
		p.pixels, _ = img.(*image.NRGBA)
	}
	p.Orientation = orientation(format, data)
	return p, nil
}

// prepare sets the limits of the decoders of each format.
func (d *Decoder) prepare() {
	d.depth.White, d.depth.Largest = max(d.Limits.White, 0), 0
	d.jpeg.Limits = jpeg.Limits{Memory: memoryPerPixel * d.Limits.maxPixels(), Work: samplesPerPixel * d.Limits.maxPixels()}
	d.jpeg.Stop, d.png.Stop, d.tiff.Stop = d.Stop, d.Stop, d.Stop
	d.png.Depth, d.tiff.Depth = &d.depth, &d.depth
	d.tiff.JPEG = d.tiffJPEG
}

func (d *Decoder) checkSize(format Format, width, height int) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("damaged %s image: a size of %d × %d", format, width, height)
	}
	if width > maxSide || height > maxSide {
		return fmt.Errorf("%w: %d × %d pixels, the limit of a side is %d", ErrTooLarge, width, height, maxSide)
	}
	if limit := d.Limits.maxPixels(); int64(width) > limit/int64(height) {
		return fmt.Errorf("%w: %d × %d pixels, the limit is %d", ErrTooLarge, width, height, limit)
	}
	return nil
}

// maxKept is the size in bytes above which a buffer isn't kept for the next image, so that one huge scan doesn't
// stay in every worker's memory.
const maxKept = 1 << 28

// A buffer is memory for pictures, used again where it is large enough.
type buffer []byte

// image returns a picture of w × h pixels of undefined content in b.
func (b *buffer) image(w, h int) *image.NRGBA {
	n := 4 * w * h
	pix := []byte(*b)
	if cap(pix) < n {
		pix = make([]byte, n)
		if n <= maxKept {
			*b = pix
		}
	}
	return &image.NRGBA{Pix: pix[:n], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// reader returns a reader for decoders of libraries that fails after Stop returned an error.
func (d *Decoder) reader(data io.Reader) io.Reader { return &stoppable{data, d.Stop} }

type stoppable struct {
	in   io.Reader
	stop func() error
}

func (s *stoppable) Read(p []byte) (int, error) {
	if s.stop != nil {
		if err := s.stop(); err != nil {
			return 0, err
		}
	}
	return s.in.Read(p)
}
