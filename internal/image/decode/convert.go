package decode

import (
	"image"
	"image/color"
)

// ToNRGBA returns the colours of any picture as this package hands them out: 8 bits, not premultiplied, alpha
// 255 whatever it was, the rectangle beginning at (0, 0). A picture that is like that already is returned itself.
func ToNRGBA(img image.Image) *image.NRGBA {
	if m, ok := img.(*image.NRGBA); ok && isPlain(m) {
		return m
	}
	d := &Decoder{}
	return d.picture(img.Bounds().Size(), d.rowReader("", img)).whole(&d.pix)
}

// isPlain reports whether a picture is like those that this package returns.
func isPlain(m *image.NRGBA) bool {
	return m.Rect.Min == (image.Point{}) && m.Stride == 4*m.Rect.Dx() && m.Opaque()
}

// A rowReader writes the pixels of row y, counted from the top of the picture, into dst: R, G, B, 255 each.
type rowReader func(dst []byte, y int)

func (d *Decoder) rowReader(format Format, img image.Image) rowReader {
	x0, y0 := img.Bounds().Min.X, img.Bounds().Min.Y
	switch m := img.(type) {
	case *image.YCbCr:
		if format == WebP {
			return d.chroma.webp(m)
		}
	case *image.NYCbCrA:
		if format == WebP {
			return d.chroma.webp(&m.YCbCr)
		}
	case *image.Gray:
		return func(dst []byte, y int) { rowOfGrey(dst, m.Pix[m.PixOffset(x0, y0+y):], 1) }
	case *image.Gray16:
		return func(dst []byte, y int) { rowOfGrey(dst, m.Pix[m.PixOffset(x0, y0+y):], 2) }
	case *image.NRGBA:
		return func(dst []byte, y int) { rowOfNRGBA(dst, m.Pix[m.PixOffset(x0, y0+y):], 1) }
	case *image.NRGBA64:
		return func(dst []byte, y int) { rowOfNRGBA(dst, m.Pix[m.PixOffset(x0, y0+y):], 2) }
	case *image.RGBA:
		return func(dst []byte, y int) { rowOfRGBA(dst, m.Pix[m.PixOffset(x0, y0+y):], 1) }
	case *image.RGBA64:
		return func(dst []byte, y int) { rowOfRGBA(dst, m.Pix[m.PixOffset(x0, y0+y):], 2) }
	case *image.CMYK:
		return func(dst []byte, y int) { rowOfCMYK(dst, m.Pix[m.PixOffset(x0, y0+y):]) }
	case *image.Paletted:
		colours := coloursOf(m.Palette)
		return func(dst []byte, y int) {
			src := m.Pix[m.PixOffset(x0, y0+y):]
			for x := range len(dst) / 4 {
				*(*[4]byte)(dst[4*x:]) = colours[src[x]]
			}
		}
	}
	return func(dst []byte, y int) {
		for x := range len(dst) / 4 {
			*(*[4]byte)(dst[4*x:]) = opaque(img.At(x0+x, y0+y))
		}
	}
}

// rowOfGrey reads samples of size bytes, the high one first. So do the next two.
func rowOfGrey(dst, src []byte, size int) {
	for x := range len(dst) / 4 {
		v := src[size*x]
		*(*[4]byte)(dst[4*x:]) = [4]byte{v, v, v, 255}
	}
}

func rowOfNRGBA(dst, src []byte, size int) {
	for x := range len(dst) / 4 {
		p := src[4*size*x : 4*size*x+4*size]
		*(*[4]byte)(dst[4*x:]) = [4]byte{p[0], p[size], p[2*size], 255}
	}
}

// rowOfRGBA divides the colours by alpha, by which they were multiplied. Where alpha is 0 the pixel is black.
func rowOfRGBA(dst, src []byte, size int) {
	for x := range len(dst) / 4 {
		p := src[4*size*x : 4*size*x+4*size]
		r, g, b, a := p[0], p[size], p[2*size], int(p[3*size])
		if a == 0 {
			r, g, b = 0, 0, 0
		} else if a != 255 {
			r = uint8(min(255*int(r)/a, 255))
			g = uint8(min(255*int(g)/a, 255))
			b = uint8(min(255*int(b)/a, 255))
		}
		*(*[4]byte)(dst[4*x:]) = [4]byte{r, g, b, 255}
	}
}

// rowOfCMYK multiplies what each ink and black let through: R = (255 − C)(255 − K) / 255, as Pillow.
func rowOfCMYK(dst, src []byte) {
	for x := range len(dst) / 4 {
		p := src[4*x : 4*x+4]
		white := 255 - int(p[3])
		*(*[4]byte)(dst[4*x:]) = [4]byte{
			uint8(white - over255(int(p[0])*white)),
			uint8(white - over255(int(p[1])*white)),
			uint8(white - over255(int(p[2])*white)),
			255,
		}
	}
}

// over255 returns v / 255, rounded to nearest, for 0 ≤ v ≤ 255².
func over255(v int) int { return (v + 127) / 255 }

// coloursOf returns 256 colours; indices past the end of the palette are black.
func coloursOf(palette color.Palette) (colours [256][4]byte) {
	for i := range colours {
		colours[i] = [4]byte{0, 0, 0, 255}
		if i < len(palette) {
			colours[i] = opaque(palette[i])
		}
	}
	return colours
}

func opaque(c color.Color) [4]byte {
	if n, ok := c.(color.NRGBA); ok { // keeps the colour under an alpha of 0
		return [4]byte{n.R, n.G, n.B, 255}
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return [4]byte{n.R, n.G, n.B, 255}
}
