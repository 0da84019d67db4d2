package decode

import (
	"finetune/internal/image/pixel"
	"finetune/internal/image/tiff"
)

// tiffJPEG decodes a JPEG within a TIFF file. Only the TIFF file knows whether it is YCbCr; if so, convert is set.
func (d *Decoder) tiffJPEG(data []byte, convert bool) (s tiff.JPEGPicture, err error) {
	w, h, err := d.jpeg.Size(data)
	if err != nil {
		return s, err
	}
	if err := d.checkSize(TIFF, w, h); err != nil {
		return s, err
	}
	p, err := d.jpeg.Decode(data)
	if err != nil {
		return s, err
	}
	n := len(p.Planes)
	d.chroma.resize(w)
	colours := make([]byte, 4*w)
	return tiff.JPEGPicture{Width: w, Height: h, Channels: n, Row: func(dst []byte, y int) {
		var rows [4][]uint8
		for i := range p.Planes {
			rows[i] = d.chroma.row(i, &p.Planes[i], y)
		}
		if convert && n == 3 {
			pixel.Colours(colours, rows[0], rows[1], rows[2])
			for x := range w {
				copy(dst[3*x:3*x+3], colours[4*x:])
			}
			return
		}
		for i := range n {
			for x, v := range rows[i][:w] {
				dst[n*x+i] = v
			}
		}
	}}, nil
}
