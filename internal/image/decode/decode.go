// Package decode turns the bytes of an image file into 8-bit RGB pixels: JPEG, PNG, WebP, GIF, BMP and TIFF,
// told by their first bytes and never by a file name.
//
// The pixels are those of Pillow's ImageOps.exif_transpose(image).convert("RGB"), so that features agree with
// the Python tools that users compare with: the EXIF orientation is applied, palettes are expanded, grey becomes
// three equal channels, CMYK becomes RGB without a colour profile, and alpha is dropped, not composited. Chroma
// of JPEG and lossy WebP is upsampled as libjpeg and libwebp do, with a triangle filter, where the standard
// library would repeat samples. Of an animation or a file of several pages the first picture counts.
//
// One thing differs on purpose: of 16-bit samples the high byte is kept, for grey too, where Pillow clips grey
// values above 255 to white.
//
// The package doesn't resize, read files or know about networks.
package decode

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"

	"finetune/internal/image/jpeg"
)

// The limits that a zero Limits stands for. 200 megapixels is what the largest phone sensors give.
const (
	DefaultMaxBytes  = 1 << 29
	DefaultMaxPixels = 200_000_000
)

// Limits bounds what a file may ask for. A value of zero or less means the default.
type Limits struct {
	MaxBytes  int64 // length of the file
	MaxPixels int64 // width × height, checked before any pixel is decoded
}

// Errors that a caller may want to tell apart, for use with errors.Is. Any other error means a file of a known
// format that is damaged, cut off, or uses a feature of the format that isn't supported.
var (
	ErrFormat   = errors.New("expected JPEG, PNG, WebP, GIF, BMP or TIFF")
	ErrTooLarge = errors.New("image too large")
)

// A Decoder decodes one image after the other into buffers that it keeps. The zero value is ready to use; one
// Decoder serves one goroutine.
type Decoder struct {
	Limits Limits

	pix    buffer // the picture as stored
	turned buffer // the picture after its orientation was applied
	line   []byte // one row
	jpeg   jpeg.Decoder
	chroma chromaRows
}

// Decode decodes data with a Decoder of its own.
func Decode(data []byte, limits Limits) (*image.NRGBA, error) {
	return (&Decoder{Limits: limits}).Decode(data)
}

// Decode returns the picture in data with its orientation applied. Its rectangle begins at (0, 0), its stride is
// four times its width and every alpha is 255. The picture is valid until the next call on d.
//
// An error says what is wrong with the bytes; only the caller knows a file name to put before it. No input makes
// Decode panic.
func (d *Decoder) Decode(data []byte) (img *image.NRGBA, err error) {
	p, err := d.Open(data)
	if err != nil {
		return nil, err
	}
	return d.orient(p.whole(&d.pix), p.Orientation), nil
}

// Open decodes a picture like Decode, but leaves it to the caller to ask for rows and to apply the orientation. What
// Decode does after it takes a third of the time for a large photo, and most of the memory.
func (d *Decoder) Open(data []byte) (p *Picture, err error) {
	if limit := orDefault(d.Limits.MaxBytes, DefaultMaxBytes); int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(data), limit)
	}
	format, err := Sniff(data)
	if err != nil {
		return nil, err
	}
	// Decoders of untrusted bytes have panicked before (CVE-2023-36308); that is an error of one image.
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("damaged %s image: the decoder failed: %v", format, r)
		}
	}()
	if format == JPEG {
		p, err = d.openJPEG(data)
	} else {
		p, err = d.openOther(format, data)
	}
	if err != nil {
		return nil, err
	}
	p.Orientation = orientation(format, data)
	return p, nil
}

// openOther reads a picture that isn't a JPEG.
func (d *Decoder) openOther(format Format, data []byte) (*Picture, error) {
	c := codecs[format]
	config, err := c.config(c.open(data))
	if err != nil {
		return nil, explain(format, err)
	}
	if err := d.checkSize(format, config.Width, config.Height); err != nil {
		return nil, err
	}
	img, err := c.decode(c.open(data))
	if err != nil {
		return nil, explain(format, err)
	}
	if size := img.Bounds().Size(); format != GIF && size != image.Pt(config.Width, config.Height) {
		return nil, fmt.Errorf("damaged %s image: %d × %d pixels where the header says %d × %d",
			format, size.X, size.Y, config.Width, config.Height)
	}
	switch {
	case format == GIF:
		img = fillScreen(img, config, data)
	case format == TIFF && isCMYK(data):
		img = inksOf(img)
	}
	return d.picture(img.Bounds().Size(), d.rowReader(format, img)), nil
}

func (d *Decoder) openJPEG(data []byte) (*Picture, error) {
	w, h, err := d.jpeg.Size(data)
	if err != nil {
		return nil, explain(JPEG, err)
	}
	if err := d.checkSize(JPEG, w, h); err != nil {
		return nil, err
	}
	planes, err := d.jpeg.Decode(data)
	if err != nil {
		return nil, explain(JPEG, err)
	}
	return d.picture(image.Pt(w, h), d.chroma.jpeg(planes)), nil
}

func (d *Decoder) checkSize(format Format, width, height int) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("damaged %s image: a size of %d × %d", format, width, height)
	}
	if limit := orDefault(d.Limits.MaxPixels, DefaultMaxPixels); int64(width) > limit/int64(height) {
		return fmt.Errorf("%w: %d × %d pixels, the limit is %d", ErrTooLarge, width, height, limit)
	}
	return nil
}

// explain turns a decoder's error into a line that says which format it is about, and what a bare EOF means.
func explain(format Format, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s image that is cut off: %w", format, err)
	}
	return fmt.Errorf("%s image that cannot be decoded: %w", format, err)
}

func orDefault(v, standard int64) int64 {
	if v <= 0 {
		return standard
	}
	return v
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

func reader(data []byte) io.Reader { return bytes.NewReader(data) }
