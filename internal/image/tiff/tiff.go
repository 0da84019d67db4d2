// Package tiff decodes the first page of TIFF and BigTIFF files into pictures of 8 bits a sample: grey, palettes, RGB
// and CMYK of 1 to 16 bits, in strips or tiles, chunky or planar; uncompressed or compressed with CCITT T.4 and T.6,
// LZW, PackBits, Deflate, Zstandard and JPEG.
//
// golang.org/x/image/tiff, with which the tests compare, reads planar files as if they were chunky, inverts CCITT data
// whose black is 0, and reads neither JPEG nor BigTIFF. Its decompressors are used here.
//
// Any other kind is refused with an error that names it: floating-point and signed samples, samples of 32 bits, JPEG of
// the old style, L*a*b*. Metadata is left to the caller, save the orientation.
package tiff

import (
	"image"
	"image/color"
	"io"

	"finetune/internal/image/depth"
)

// Size returns the width and the height of the first page.
func Size(data []byte) (width, height int, err error) {
	p, err := readPage(data)
	if err != nil {
		return 0, 0, err
	}
	return p.width, p.height, nil
}

// SampleBits returns the number of bits of a sample, 0 for a file without a readable directory.
func SampleBits(data []byte) int {
	p, err := readPage(data)
	if err != nil {
		return 0
	}
	return p.bits
}

// A Decoder decodes one file after the other. The zero value, completed by Depth and JPEG, is ready to use; one
// Decoder serves one goroutine.
type Decoder struct {
	Depth *depth.Reducer // of 16-bit samples
	Stop  func() error   // called before each row if it is set; an error of it ends Decode, which wraps it

	// JPEG decodes a JPEG file: YCbCr converted to RGB if convert is set, else samples as they are.
	JPEG func(data []byte, convert bool) (JPEGPicture, error)

	line    []byte // a row as decompressed
	samples []byte // the same, 8 bits a sample
}

// A JPEGPicture is a decoded JPEG. Row writes the samples of a row, Channels for each pixel.
type JPEGPicture struct {
	Width, Height, Channels int
	Row                     func(dst []byte, y int)
}

// Decode returns the picture of the first page: an *image.Gray, *image.Paletted, *image.CMYK, *image.NRGBA whose alpha
// is 255 or *image.RGBA. The caller has checked the Size.
func (d *Decoder) Decode(data []byte) (image.Image, error) {
	p, err := readPage(data)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	img, c := p.canvas()
	for i := range p.across * p.down * p.planes() {
		area := i % (p.across * p.down)
		x, y := area%p.across*p.segmentWidth, area/p.across*p.segmentHeight
		segment, err := p.segment(i)
		if err != nil {
			return nil, err
		}
		c.x, c.width, c.first = x, min(p.segmentWidth, p.width-x), i/(p.across*p.down)
		rows := min(p.segmentHeight, p.height-y)
		if p.planar && !c.holds(c.first) {
			continue
		}
		if p.compression == jpegCoded {
			err = d.jpegSegment(p, c, segment, y, rows)
		} else {
			err = d.segment(p, c, segment, y, rows)
		}
		if err != nil {
			return nil, asCutOff(err)
		}
	}
	return img, nil
}

// A canvas is where samples go: the pixels of a picture.
type canvas struct {
	pix      []byte
	stride   int
	channels int  // samples kept of each pixel, and bytes of it in pix, or 4 for 3
	alpha    bool // the fourth channel is alpha, which is 255 unless samples say otherwise

	// The part of the picture that the next rows are for.
	x, width int
	first    int // the channel, of planar files
}

// holds reports whether a channel of a planar file is kept.
func (c *canvas) holds(channel int) bool { return channel < c.channels }

func (p *page) canvas() (image.Image, *canvas) {
	r := image.Rect(0, 0, p.width, p.height)
	switch {
	case p.photometric == palette:
		m := image.NewPaletted(r, p.palette())
		return m, &canvas{pix: m.Pix, stride: m.Stride, channels: 1}
	case p.photometric == cmyk:
		m := image.NewCMYK(r)
		return m, &canvas{pix: m.Pix, stride: m.Stride, channels: 4}
	case p.photometric == rgb && p.premultiplied && p.samples > 3:
		m := image.NewRGBA(r)
		return m, &canvas{pix: m.Pix, stride: m.Stride, channels: 4}
	case p.photometric == rgb || p.photometric == yCbCr:
		m := image.NewNRGBA(r)
		return m, &canvas{pix: m.Pix, stride: m.Stride, channels: 3, alpha: true}
	}
	m := image.NewGray(r)
	return m, &canvas{pix: m.Pix, stride: m.Stride, channels: 1}
}

// palette returns the palette: of 16 bits a value, all of red first.
func (p *page) palette() color.Palette {
	n := 1 << p.bits
	colours := make(color.Palette, n)
	for i := range colours {
		v := func(c int) uint8 { return uint8(p.number(tagColorMap, c*n+i, 0) >> 8) }
		colours[i] = color.NRGBA{v(0), v(1), v(2), 255}
	}
	return colours
}

// put writes the samples of a row's pixels, step samples each.
func (c *canvas) put(y int, samples []byte, step int, planar bool) {
	if c.channels == 1 {
		dst := c.pix[y*c.stride+c.x:][:c.width]
		for i := range dst {
			dst[i] = samples[i*step]
		}
		return
	}
	dst := c.pix[y*c.stride+4*c.x:][:4*c.width]
	for i := range c.width {
		p, s := dst[4*i:4*i+4], samples[i*step:]
		switch {
		case planar:
			p[c.first] = s[0]
		case c.channels == 3:
			p[0], p[1], p[2] = s[0], s[1], s[2]
		default:
			*(*[4]byte)(p) = *(*[4]byte)(s)
		}
		if c.alpha {
			p[3] = 255
		}
	}
}

// segment reads a strip or tile that begins at row y.
func (d *Decoder) segment(p *page, c *canvas, segment []byte, y, rows int) error {
	in, err := p.open(segment, rows)
	if err != nil {
		return err
	}
	defer in.Close()
	step := p.samples
	if p.planar {
		step = 1
	}
	n := p.segmentWidth * step
	d.resize((n*p.bits+7)/8, n)
	for row := range rows {
		if d.Stop != nil {
			if err := d.Stop(); err != nil {
				return err
			}
		}
		if _, err := io.ReadFull(in, d.line); err != nil {
			return err
		}
		d.unpack(p, step)
		c.put(y+row, d.samples, step, p.planar)
	}
	return nil
}

func (d *Decoder) resize(line, samples int) {
	if cap(d.line) < line {
		d.line = make([]byte, line)
	}
	if cap(d.samples) < samples {
		d.samples = make([]byte, samples)
	}
	d.line, d.samples = d.line[:line], d.samples[:samples]
}

// unpack turns the row in d.line into d.samples.
func (d *Decoder) unpack(p *page, step int) {
	high := 1 // of little-endian samples
	if p.order.Uint16([]byte{1, 0}) == 1<<8 {
		high = 0
	}
	if p.predictor {
		sum(d.line, p.bits, step, high)
	}
	switch p.bits {
	case 8:
		copy(d.samples, d.line)
	case 12:
		for i := range d.samples { // two samples in three bytes
			at := i / 2 * 3
			if i%2 == 0 {
				d.samples[i] = d.line[at]
			} else {
				d.samples[i] = d.line[at+1]<<4 | d.line[at+2]>>4
			}
		}
	case 16:
		d.Depth.Reduce(d.samples, d.line, step, min(step, p.colours()), high)
	default:
		scale := depth.Full(p.bits)
		if p.photometric == palette {
			scale = 1
		}
		depth.Unpack(d.samples, d.line, p.bits, scale)
	}
	if p.photometric == whiteIsZero {
		invert(d.samples)
	}
}

func invert(samples []byte) {
	for i, v := range samples {
		samples[i] = 255 - v
	}
}

// sum adds to each sample that of the pixel before.
func sum(line []byte, bits, step, high int) {
	if bits == 8 {
		for i := step; i < len(line); i++ {
			line[i] += line[i-step]
		}
		return
	}
	low := 1 - high
	for i := 2 * step; i+1 < len(line); i += 2 {
		before := line[i-2*step:]
		v := uint16(line[i+high])<<8 | uint16(line[i+low])
		v += uint16(before[high])<<8 | uint16(before[low])
		line[i+high], line[i+low] = uint8(v>>8), uint8(v)
	}
}
