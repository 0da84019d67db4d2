package decode

import "image"

// A Picture is a decoded image as it is stored, which turns into colours row by row, as they are asked for. It belongs to
// the Decoder that made it and is valid until that is used again.
type Picture struct {
	Orientation Orientation // still to be applied

	size image.Point
	read rowReader
	line []byte
}

// picture returns a picture of rows that read gives.
func (d *Decoder) picture(size image.Point, read rowReader) *Picture {
	if n := 4 * size.X; cap(d.line) < n {
		d.line = make([]byte, n)
	}
	return &Picture{Orientation: Upright, size: size, read: read, line: d.line[:4*size.X]}
}

// Size returns the width and height as stored: exchanged where the orientation is transposed.
func (p *Picture) Size() image.Point { return p.size }

// Row returns row y as stored: R, G, B and 255 for each pixel. It is valid until the next call.
func (p *Picture) Row(y int) []byte {
	p.read(p.line, y)
	return p.line
}

// whole returns all rows, in b.
func (p *Picture) whole(b *buffer) *image.NRGBA {
	img := b.image(p.size.X, p.size.Y)
	for y := range p.size.Y {
		p.read(img.Pix[y*img.Stride:(y+1)*img.Stride], y)
	}
	return img
}
