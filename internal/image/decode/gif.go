package decode

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"io"
)

// A gifFrame describes the first frame.
type gifFrame struct {
	flags       int // the offset of the flag byte of its control extension if that declares a transparent colour, else -1
	transparent byte
	bounds      image.Rectangle
	palette     bool // it has one, its own or the file's
}

const gifHeader = 13

// firstFrameOfGIF reads the header of the first frame; ok is false if there is none.
func firstFrameOfGIF(data []byte) (f gifFrame, ok bool) {
	if len(data) < gifHeader {
		return f, false
	}
	at := gifHeader
	if packed := data[10]; packed&0x80 != 0 {
		at += 3 << (packed&7 + 1)
		f.palette = true
	}
	f.flags = -1
	for at+7 < len(data) && data[at] == 0x21 { // extensions
		if data[at+1] == 0xf9 && data[at+2] == 4 {
			f.flags = -1
			if data[at+3]&1 != 0 {
				f.flags, f.transparent = at+3, data[at+6]
			}
		}
		for at += 2; at < len(data) && data[at] != 0; { // sub-blocks
			at += int(data[at]) + 1
		}
		at++
	}
	if at+10 > len(data) || data[at] != 0x2c {
		return f, false
	}
	number := func(i int) int { return int(binary.LittleEndian.Uint16(data[at+i:])) }
	f.bounds = image.Rect(number(1), number(3), number(1)+number(5), number(3)+number(7))
	f.palette = f.palette || data[at+9]&0x80 != 0
	return f, true
}

// openGIF presents a file so that image/gif reads it as Pillow does:
//   - the transparency flag of the first frame is cleared: image/gif makes the transparent palette entry black, while
//     its own colour is wanted, as alpha is dropped;
//   - the screen is as large as the first frame needs;
//   - a file without a palette is grey.
func openGIF(data []byte) io.Reader {
	f, ok := firstFrameOfGIF(data)
	if !ok {
		return bytes.NewReader(data)
	}
	header := bytes.Clone(data[:gifHeader])
	for i, size := range []int{f.bounds.Max.X, f.bounds.Max.Y} {
		if at := header[6+2*i:]; size > int(binary.LittleEndian.Uint16(at)) && size <= 1<<16-1 {
			binary.LittleEndian.PutUint16(at, uint16(size))
		}
	}
	if !f.palette {
		header[10] |= 0x87 // 256 colours
		for v := range 256 {
			header = append(header, byte(v), byte(v), byte(v))
		}
	}
	parts := []io.Reader{bytes.NewReader(header)}
	rest := data[gifHeader:]
	if f.flags >= 0 {
		parts = append(parts, bytes.NewReader(data[gifHeader:f.flags]), bytes.NewReader([]byte{data[f.flags] &^ 1}))
		rest = data[f.flags+1:]
	}
	return io.MultiReader(append(parts, bytes.NewReader(rest))...)
}

func (d *Decoder) decodeGIF(data []byte) (image.Image, error) {
	config, err := gif.DecodeConfig(openGIF(data))
	if err != nil {
		return nil, err
	}
	img, err := gif.Decode(d.reader(openGIF(data)))
	if err != nil {
		return nil, err
	}
	return fillScreen(img, config, data), nil
}

// fillScreen puts a first frame that is smaller than the screen onto it. The rest of the screen has the
// transparent colour or, without one, the first of the palette.
func fillScreen(img image.Image, config image.Config, data []byte) image.Image {
	screen := image.Rect(0, 0, config.Width, config.Height)
	frame, ok := img.(*image.Paletted)
	if !ok || frame.Rect == screen {
		return img
	}
	whole := image.NewPaletted(screen, frame.Palette)
	if f, ok := firstFrameOfGIF(data); ok && f.flags >= 0 && int(f.transparent) < len(frame.Palette) {
		for i := range whole.Pix {
			whole.Pix[i] = f.transparent
		}
	}
	for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
		from := frame.PixOffset(frame.Rect.Min.X, y)
		copy(whole.Pix[whole.PixOffset(frame.Rect.Min.X, y):], frame.Pix[from:from+frame.Rect.Dx()])
	}
	return whole
}
