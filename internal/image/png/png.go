// Package png decodes PNG files into pictures of 8 bits a sample, row by row.
//
// image/png of the standard library, which the tests compare with, refuses files that libpng and Pillow read (a wrong
// checksum of an optional chunk, data after the last row), keeps 16-bit samples where 8 bits are wanted, which takes
// twice the memory, and can't be interrupted.
//
// Alpha and transparent colours are dropped, not composited. Checksums of the chunks that hold the picture are
// verified; a file that ends before its last row is an error.
package png

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"iter"

	"github.com/klauspost/compress/zlib"

	"finetune/internal/image/depth"
)

// ErrDamaged is wrapped by errors about the contents of a file; one that ends too early gives io.ErrUnexpectedEOF.
var ErrDamaged = errors.New("damaged data")

// Colour types of the header.
const (
	grey      = 0
	rgb       = 2
	palette   = 3
	greyAlpha = 4
	rgbAlpha  = 6
)

// A Header is the content of the first chunk.
type Header struct {
	Width, Height int
	Depth         int // bits a sample: 1, 2, 4, 8 or 16
	colour        int
	interlaced    bool
}

// ReadHeader reads the header of a file.
func ReadHeader(data []byte) (Header, error) {
	for c := range Chunks(data) {
		return headerOf(c)
	}
	return Header{}, io.ErrUnexpectedEOF
}

func headerOf(c Chunk) (h Header, err error) {
	if c.Kind != "IHDR" || !c.Intact() || len(c.Data) != 13 {
		return h, fmt.Errorf("%w: header", ErrDamaged)
	}
	w, height := binary.BigEndian.Uint32(c.Data), binary.BigEndian.Uint32(c.Data[4:])
	h = Header{int(w), int(height), int(c.Data[8]), int(c.Data[9]), c.Data[12] == 1}
	depths, known := map[int]string{
		grey: "\x01\x02\x04\x08\x10", rgb: "\x08\x10", palette: "\x01\x02\x04\x08", greyAlpha: "\x08\x10", rgbAlpha: "\x08\x10",
	}[h.colour]
	valid := false
	for i := range len(depths) {
		valid = valid || int(depths[i]) == h.Depth
	}
	if !known || !valid || c.Data[10] != 0 || c.Data[11] != 0 || c.Data[12] > 1 {
		return h, fmt.Errorf("%w: header with colour type %d, %d bits, compression %d, filter %d, interlacing %d",
			ErrDamaged, h.colour, h.Depth, c.Data[10], c.Data[11], c.Data[12])
	}
	const most = 1<<31 - 1
	if w == 0 || height == 0 || w > most || height > most {
		return h, fmt.Errorf("%w: a size of %d × %d", ErrDamaged, w, height)
	}
	return h, nil
}

// channels returns the number of samples of a pixel.
func (h Header) channels() int {
	return [...]int{grey: 1, rgb: 3, palette: 1, greyAlpha: 2, rgbAlpha: 4}[h.colour]
}

// colours returns the number of them that aren't alpha.
func (h Header) colours() int {
	return [...]int{grey: 1, rgb: 3, palette: 1, greyAlpha: 1, rgbAlpha: 3}[h.colour]
}

// A Decoder decodes one file after the other. The zero value is ready to use; one Decoder serves one goroutine.
type Decoder struct {
	Depth *depth.Reducer // of 16-bit samples; must be set
	Stop  func() error   // called before each row if it is set; an error of it ends Decode, which returns it

	row, above []byte // of filtered bytes, without the filter's type
	samples    []byte
}

// Decode returns the picture in a file: an *image.Gray, *image.Paletted or *image.NRGBA whose alpha is 255. The
// caller has checked the size in the header.
func (d *Decoder) Decode(data []byte) (image.Image, error) {
	next, stop := iter.Pull(Chunks(data))
	defer stop()
	first, ok := next()
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	h, err := headerOf(first)
	if err != nil {
		return nil, err
	}
	var colours color.Palette
	for {
		c, ok := next()
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		switch {
		case c.Kind == "IDAT":
			if h.colour == palette && len(colours) == 0 {
				return nil, fmt.Errorf("%w: no palette", ErrDamaged)
			}
			in := &idat{next: next}
			if err := in.open(c); err != nil {
				return nil, err
			}
			return d.picture(h, colours, in)
		case c.Kind[0]&0x20 != 0: // optional
		case !c.Intact():
			return nil, fmt.Errorf("%w: checksum of %q", ErrDamaged, c.Kind)
		case c.Kind == "PLTE":
			colours = paletteOf(c.Data)
		default:
			return nil, fmt.Errorf("%w: a chunk %q before the picture", ErrDamaged, c.Kind)
		}
	}
}

func paletteOf(data []byte) color.Palette {
	colours := make(color.Palette, min(len(data)/3, 256))
	for i := range colours {
		colours[i] = color.NRGBA{data[3*i], data[3*i+1], data[3*i+2], 255}
	}
	return colours
}

// A pass is every dx-th pixel of every dy-th row, from (x, y) on.
type pass struct{ x, y, dx, dy int }

// adam7 are the passes of an interlaced file.
var adam7 = []pass{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}

func (d *Decoder) picture(h Header, colours color.Palette, in io.Reader) (image.Image, error) {
	z, err := zlib.NewReader(bufio.NewReaderSize(in, 1<<15))
	if err != nil {
		return nil, damaged(err)
	}
	defer z.Close()
	img, pix := h.canvas(colours)
	passes := adam7
	if !h.interlaced {
		passes = []pass{{0, 0, 1, 1}}
	}
	for _, p := range passes {
		if p.x < h.Width && p.y < h.Height {
			if err := d.pass(h, p, pix, z); err != nil {
				return nil, err
			}
		}
	}
	// The checksum of all data is verified at its end, unless surplus data or a cut keeps that away.
	if _, err := z.Read(make([]byte, 1)); errors.Is(err, zlib.ErrChecksum) {
		return nil, damaged(err)
	}
	return img, nil
}

// canvas returns an empty picture and its pixels, rows without gaps.
func (h Header) canvas(colours color.Palette) (image.Image, []byte) {
	r := image.Rect(0, 0, h.Width, h.Height)
	switch h.colour {
	case grey, greyAlpha:
		m := image.NewGray(r)
		return m, m.Pix
	case palette:
		m := image.NewPaletted(r, colours)
		return m, m.Pix
	}
	m := image.NewNRGBA(r)
	return m, m.Pix
}

// pass reads the rows of one pass into pix.
func (d *Decoder) pass(h Header, p pass, pix []byte, in io.Reader) error {
	n := (h.Width - p.x + p.dx - 1) / p.dx // pixels in a row
	bits := h.Depth * h.channels()
	d.resize((n*bits+7)/8, n*h.channels())
	clear(d.above)
	var filter [1]byte
	stride := len(pix) / h.Height
	for y := p.y; y < h.Height; y += p.dy {
		if d.Stop != nil {
			if err := d.Stop(); err != nil {
				return err
			}
		}
		if _, err := io.ReadFull(in, filter[:]); err != nil {
			return damaged(err)
		}
		if _, err := io.ReadFull(in, d.row); err != nil {
			return damaged(err)
		}
		if !unfilter(filter[0], d.row, d.above, max(bits/8, 1)) {
			return fmt.Errorf("%w: filter %d", ErrDamaged, filter[0])
		}
		d.write(h, p, pix[y*stride:(y+1)*stride])
		d.row, d.above = d.above, d.row
	}
	return nil
}

func (d *Decoder) resize(bytes, samples int) {
	if cap(d.row) < bytes || cap(d.above) < bytes {
		d.row, d.above = make([]byte, bytes), make([]byte, bytes)
	}
	if cap(d.samples) < samples {
		d.samples = make([]byte, samples)
	}
	d.row, d.above, d.samples = d.row[:bytes], d.above[:bytes], d.samples[:samples]
}

// write puts a row where the pass has it.
func (d *Decoder) write(h Header, p pass, dst []byte) {
	samples := d.row
	switch {
	case h.Depth == 16:
		samples = d.samples
		d.Depth.Reduce(samples, d.row, h.channels(), h.colours(), 0)
	case h.Depth < 8:
		samples = d.samples
		scale := depth.Full(h.Depth)
		if h.colour == palette {
			scale = 1
		}
		depth.Unpack(samples, d.row, h.Depth, scale)
	}
	switch step := h.channels(); step {
	case 1, 2:
		if step == 1 && p.dx == 1 {
			copy(dst, samples)
			return
		}
		for i := range len(samples) / step {
			dst[p.x+i*p.dx] = samples[step*i]
		}
	default:
		for i, at := 0, 4*p.x; i+step <= len(samples); i, at = i+step, at+4*p.dx {
			s := samples[i : i+3]
			*(*[4]byte)(dst[at:]) = [4]byte{s[0], s[1], s[2], 255}
		}
	}
}

// damaged tells the errors of the decompressor that mean an early end from the others.
func damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	if errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
