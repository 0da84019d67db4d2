package decode

import "image"

// A Picture is a decoded image before its orientation is applied. Rows are converted to RGB when they are read. It shares
// memory with the Decoder that made it and is valid until the Decoder's next call.
type Picture struct {
	Orientation Orientation // still to be applied

	format  Format
	decoder *Decoder
	size    image.Point
	read    rowReader
	line    []byte
	err     error
	pixels  *image.NRGBA // the decoder's result if it has this type, else nil
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

// Row returns row y as stored: R, G, B and 255 for each pixel. It is valid until the next call. After an error, which Err
// returns, rows are undefined.
func (p *Picture) Row(y int) []byte {
	p.row(p.line, y)
	return p.line
}

// Err returns the first error of a row: an Error or the one of the Decoder's Stop.
func (p *Picture) Err() error { return p.err }

// row writes row y to dst. A panic of a decoder is an error of the picture.
func (p *Picture) row(dst []byte, y int) {
	if p.err != nil {
		return
	}
	defer p.recover()
	if p.decoder != nil {
		p.err = p.decoder.stopped()
	}
	if p.err == nil {
		p.read(dst, y)
	}
}

// recover makes a panic the picture's error.
func (p *Picture) recover() {
	if r := recover(); r != nil {
		p.err = &Error{panicked(p.format, r)}
	}
}

// isWhole reports whether pixels has all rows as they are wanted.
func (p *Picture) isWhole() bool {
	defer p.recover()
	return p.pixels != nil && isPlain(p.pixels)
}

// whole returns all rows: pixels where possible, else a copy in b.
func (p *Picture) whole(b *buffer) *image.NRGBA {
	if p.isWhole() {
		return p.pixels
	}
	img := b.image(p.size.X, p.size.Y)
	for y := range p.size.Y {
		p.row(img.Pix[y*img.Stride:(y+1)*img.Stride], y)
	}
	return img
}
