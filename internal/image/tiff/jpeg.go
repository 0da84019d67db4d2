package tiff

import (
	"bytes"
	"fmt"
)

// jpegSegment reads a strip or tile that is a JPEG file, whose tables may be kept in a tag.
func (d *Decoder) jpegSegment(p *page, c *canvas, segment []byte, y, rows int) error {
	const marker = 2 // bytes of a marker without contents
	if tables := p.tags[tagJPEGTables].raw; len(tables) > 2*marker && len(segment) > marker {
		tables = bytes.TrimSuffix(tables, []byte{0xff, 0xd9})
		segment = append(bytes.Clone(tables), segment[marker:]...)
	}
	s, err := d.JPEG(segment, p.photometric == yCbCr)
	if err != nil {
		return err
	}
	step := p.samples
	if p.planar {
		step = 1
	}
	if s.Channels != step || s.Width < c.width || s.Height < rows {
		return fmt.Errorf("%w: a JPEG of %d × %d with %d components in a segment of %d × %d with %d", ErrDamaged,
			s.Width, s.Height, s.Channels, p.segmentWidth, rows, step)
	}
	d.resize(0, s.Width*step)
	for row := range rows {
		s.Row(d.samples, row)
		if p.photometric == whiteIsZero {
			invert(d.samples)
		}
		c.put(y+row, d.samples, step, p.planar)
	}
	return nil
}
