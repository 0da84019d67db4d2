package decode

import (
	"bytes"
	"image"
	"io"
)

// openGIF clears the transparency flag of the first frame: image/gif makes the transparent palette entry black,
// while its own colour is wanted, as alpha is dropped.
func openGIF(data []byte) io.Reader {
	flags := transparencyOfGIF(data)
	if flags < 0 {
		return bytes.NewReader(data)
	}
	return io.MultiReader(bytes.NewReader(data[:flags]),
		bytes.NewReader([]byte{data[flags] &^ 1}), bytes.NewReader(data[flags+1:]))
}

// transparencyOfGIF returns the offset of the flag byte of the first frame's graphic control extension if it
// declares a transparent colour, else -1. The colour's index is three bytes further.
func transparencyOfGIF(data []byte) int {
	const header = 13
	if len(data) < header {
		return -1
	}
	i := header
	if packed := data[10]; packed&0x80 != 0 {
		i += 3 << (packed&7 + 1)
	}
	found := -1
	for i+7 < len(data) && data[i] == 0x21 { // extensions, until the first frame
		if data[i+1] == 0xf9 && data[i+2] == 4 {
			found = -1
			if data[i+3]&1 != 0 {
				found = i + 3
			}
		}
		for i += 2; i < len(data) && data[i] != 0; { // sub-blocks
			i += int(data[i]) + 1
		}
		i++
	}
	return found
}

// fillScreen puts a first frame that is smaller than the screen onto it. What the frame leaves free has the
// transparent colour or, without one, the first of the palette.
func fillScreen(img image.Image, config image.Config, data []byte) image.Image {
	screen := image.Rect(0, 0, config.Width, config.Height)
	frame, ok := img.(*image.Paletted)
	if !ok || frame.Rect == screen {
		return img
	}
	whole := image.NewPaletted(screen, frame.Palette)
	if flags := transparencyOfGIF(data); flags >= 0 && int(data[flags+3]) < len(frame.Palette) {
		for i := range whole.Pix {
			whole.Pix[i] = data[flags+3]
		}
	}
	for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
		from := frame.PixOffset(frame.Rect.Min.X, y)
		copy(whole.Pix[whole.PixOffset(frame.Rect.Min.X, y):], frame.Pix[from:from+frame.Rect.Dx()])
	}
	return whole
}
