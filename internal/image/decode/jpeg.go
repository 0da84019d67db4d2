package decode

import (
	"finetune/internal/image/jpeg"
	"finetune/internal/image/pixel"
)

// jpeg reads rows of a JPEG's planes.
func (c *chromaRows) jpeg(p *jpeg.Picture) rowReader {
	c.resize(p.Width)
	return func(dst []byte, y int) {
		var samples [4][]uint8
		for i := range p.Planes {
			samples[i] = c.row(i, &p.Planes[i], y)
		}
		switch p.Colour {
		case jpeg.Grey:
			rowOfGrey(dst, samples[0], 1)
		case jpeg.RGB:
			rowOfPlanes(dst, samples[0], samples[1], samples[2])
		case jpeg.YCbCr:
			pixel.Colours(dst, samples[0], samples[1], samples[2])
		case jpeg.CMYK:
			rowOfPlanes(dst, samples[0], samples[1], samples[2])
			blacken(dst, samples[3])
		case jpeg.YCCK: // RGB is what the inks let through, but inverted once more, as inks are in JPEG
			pixel.Colours(dst, samples[0], samples[1], samples[2])
			invert(dst)
			blacken(dst, samples[3])
		}
	}
}

// row returns row y of plane i at the picture's width. As in libjpeg, samples that cover two pixels across,
// down or both are interpolated, and others repeated; so are those of very narrow pictures.
func (c *chromaRows) row(i int, p *jpeg.Plane, y int) []uint8 {
	out := c.planes[i]
	near, far := y/p.Down, y/p.Down
	if p.Down == 2 {
		far = min(max(near-1+2*(y&1), 0), p.Height-1)
	}
	switch {
	case p.Across == 1 && p.Down == 1:
		return p.Row(y)
	case p.Across == 2 && p.Down == 1 && p.Width > 2:
		pixel.Widen(out, p.Row(y))
	case p.Across == 1 && p.Down == 2:
		between(out, p.Row(near), p.Row(far), y)
	case p.Across == 2 && p.Down == 2 && p.Width > 2:
		pixel.WidenBetween(out, p.Row(near), p.Row(far))
	default:
		repeat(out, p.Row(near), p.Across)
	}
	return out[:len(out)-1]
}

// repeat gives n pixels the same sample.
func repeat(dst, src []uint8, n int) {
	for x := range dst {
		dst[x] = src[min(x/n, len(src)-1)]
	}
}

func rowOfPlanes(dst, r, g, b []uint8) {
	for x := range len(dst) / 4 {
		*(*[4]byte)(dst[4*x:]) = [4]byte{r[x], g[x], b[x], 255}
	}
}

func invert(dst []byte) {
	for x := range len(dst) / 4 {
		p := dst[4*x : 4*x+3]
		p[0], p[1], p[2] = 255-p[0], 255-p[1], 255-p[2]
	}
}

// blacken multiplies what the inks let through, which is how JPEG stores them, by what black does.
func blacken(dst, k []uint8) {
	for x := range len(dst) / 4 {
		p := dst[4*x : 4*x+3]
		white := int(k[x])
		for c, v := range p {
			p[c] = uint8(white - over255((255-int(v))*white))
		}
	}
}
