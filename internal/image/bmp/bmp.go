// Package bmp decodes Windows and OS/2 bitmaps: 1, 4, 8, 16, 24 and 32 bits a pixel, run-length encoded or not, with any
// masks.
//
// golang.org/x/image/bmp reads three of these kinds. github.com/sergeymakinen/go-bmp reads more, but not OS/2's
// headers, nor palettes followed by a gap, and it doesn't scale 5 and 6 bits to the full range as Pillow does.
package bmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math/bits"

	"finetune/internal/image/depth"
)

// Errors about the contents of a file, wrapped; one that ends too early gives io.ErrUnexpectedEOF.
var (
	ErrDamaged     = errors.New("damaged data")
	ErrUnsupported = errors.New("unsupported kind of BMP")
)

const fileHeader = 14

// Values of a header's compression field.
const (
	uncompressed = 0
	rle8         = 1
	rle4         = 2
	bitFields    = 3
)

// A header is the content of a file before its pixels.
type header struct {
	width, height int
	topDown       bool
	bits          int
	compression   uint32
	masks         [3]uint32 // of red, green and blue, for 16 and 32 bits
	colours       color.Palette
	pixels        int // the offset of the pixels
}

// Size returns the width and the height that a file states.
func Size(data []byte) (width, height int, err error) {
	h, err := readHeader(data)
	return h.width, h.height, err
}

// Decode returns the picture in a file: an *image.Paletted or an *image.NRGBA whose alpha is 255. The caller has
// checked the Size.
func Decode(data []byte) (image.Image, error) {
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	bounds := image.Rect(0, 0, h.width, h.height)
	pixels := data[min(h.pixels, len(data)):]
	if h.bits <= 8 {
		m := image.NewPaletted(bounds, h.colours)
		if h.compression == rle8 || h.compression == rle4 {
			return m, h.runs(m.Pix, data)
		}
		return m, h.rows(pixels, func(y int, row []byte) { h.indices(m.Pix[y*m.Stride:][:h.width], row) })
	}
	m := image.NewNRGBA(bounds)
	return m, h.rows(pixels, func(y int, row []byte) { h.colourRow(m.Pix[y*m.Stride:][:m.Stride], row) })
}

func readHeader(data []byte) (h header, err error) {
	if len(data) < fileHeader+12 {
		return h, io.ErrUnexpectedEOF
	}
	size := int(binary.LittleEndian.Uint32(data[fileHeader:]))
	h.pixels = int(binary.LittleEndian.Uint32(data[10:]))
	switch size {
	case 12, 40, 52, 56, 64, 108, 124:
	default:
		return h, fmt.Errorf("%w: a header of %d bytes", ErrUnsupported, size)
	}
	if len(data) < fileHeader+size {
		return h, io.ErrUnexpectedEOF
	}
	b := data[fileHeader : fileHeader+size]
	after := data[fileHeader+size:]
	entry, colours := 4, 0
	if size == 12 {
		entry = 3
		h.width, h.height = int(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:]))
		h.bits = int(binary.LittleEndian.Uint16(b[10:]))
	} else {
		h.width, h.height = int(int32(binary.LittleEndian.Uint32(b[4:]))), int(int32(binary.LittleEndian.Uint32(b[8:])))
		h.bits, h.compression = int(binary.LittleEndian.Uint16(b[14:])), binary.LittleEndian.Uint32(b[16:])
		colours = int(binary.LittleEndian.Uint32(b[32:]))
	}
	if h.height < 0 {
		h.height, h.topDown = -h.height, true
	}
	if h.width <= 0 || h.height <= 0 {
		return h, fmt.Errorf("%w: a size of %d × %d", ErrDamaged, h.width, h.height)
	}
	if h.compression == bitFields && size == 40 {
		if len(after) < 12 {
			return h, io.ErrUnexpectedEOF
		}
		b, after = data[fileHeader:fileHeader+52], after[12:]
	}
	if err := h.checkKind(b); err != nil {
		return h, err
	}
	if h.bits <= 8 {
		h.readPalette(after, entry, colours)
	}
	if start := len(data) - len(after); h.pixels < start || h.pixels == start && h.bits <= 8 {
		h.pixels = start + entry*len(h.colours)
	}
	return h, nil
}

// checkKind checks the combination of bits and compression, and reads the masks in header b.
func (h *header) checkKind(b []byte) error {
	switch {
	case h.compression == uncompressed && (h.bits == 1 || h.bits == 4 || h.bits == 8 || h.bits == 24):
	case h.compression == rle8 && h.bits == 8, h.compression == rle4 && h.bits == 4:
	case h.compression == uncompressed && h.bits == 16:
		h.masks = [3]uint32{0x7c00, 0x3e0, 0x1f}
	case h.compression == uncompressed && h.bits == 32:
		h.masks = [3]uint32{0xff0000, 0xff00, 0xff}
	case h.compression == bitFields && (h.bits == 16 || h.bits == 32) && len(b) >= 52:
		for c := range h.masks {
			h.masks[c] = binary.LittleEndian.Uint32(b[40+4*c:])
		}
		if h.masks == [3]uint32{} {
			h.masks = [3]uint32{0xff0000, 0xff00, 0xff}
		}
	default:
		return fmt.Errorf("%w: %d bits a pixel with compression %d", ErrUnsupported, h.bits, h.compression)
	}
	return nil
}

// readPalette reads the colours, of 3 or 4 bytes each. Those that the file lacks are black.
func (h *header) readPalette(data []byte, entry, colours int) {
	most := 1 << h.bits
	if colours <= 0 || colours > most {
		colours = most
	}
	h.colours = make(color.Palette, colours, 256)
	for i := range h.colours {
		h.colours[i] = color.NRGBA{A: 255}
		if p := data[min(entry*i, len(data)):]; len(p) >= 3 {
			h.colours[i] = color.NRGBA{p[2], p[1], p[0], 255}
		}
	}
}

// rows calls write for each row from the top of the picture down.
func (h *header) rows(pixels []byte, write func(y int, row []byte)) error {
	stride := (h.width*h.bits + 31) / 32 * 4
	if len(pixels) < stride*(h.height-1)+(h.width*h.bits+7)/8 {
		return io.ErrUnexpectedEOF
	}
	for y := range h.height {
		at := y
		if !h.topDown {
			at = h.height - 1 - y
		}
		write(y, pixels[at*stride:])
	}
	return nil
}

// indices unpacks a row of 1, 4 or 8 bits a pixel.
func (h *header) indices(dst, row []byte) {
	if h.bits == 8 {
		copy(dst, row)
		return
	}
	depth.Unpack(dst, row, h.bits, 1)
}

// colourRow converts a row of 16, 24 or 32 bits a pixel.
func (h *header) colourRow(dst, row []byte) {
	if h.bits == 24 {
		for x := range h.width {
			p := row[3*x : 3*x+3]
			*(*[4]byte)(dst[4*x:]) = [4]byte{p[2], p[1], p[0], 255}
		}
		return
	}
	var shift [3]int
	var most [3]uint64
	for c, mask := range h.masks {
		shift[c] = bits.TrailingZeros32(mask) & 31
		most[c] = max(uint64(mask>>shift[c]), 1)
	}
	for x := range h.width {
		var v uint32
		if h.bits == 16 {
			v = uint32(binary.LittleEndian.Uint16(row[2*x:]))
		} else {
			v = binary.LittleEndian.Uint32(row[4*x:])
		}
		p := dst[4*x : 4*x+4]
		for c, mask := range h.masks {
			p[c] = uint8(uint64(v&mask>>shift[c]) * 255 / most[c])
		}
		p[3] = 255
	}
}
