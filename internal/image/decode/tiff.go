package decode

import (
	"finetune/internal/image/jpeg"
	"finetune/internal/image/pixel"
	"finetune/internal/image/tiff"
)

// tiffJPEG decodes a JPEG within a TIFF file; see tiff.Decoder. That it is YCbCr is for the TIFF file to say.
func (d *Decoder) tiffJPEG(data []byte, _, _ int, convert bool) (s tiff.JPEGSamples, err error) {
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
	s = tiff.JPEGSamples{Pix: make([]byte, w*h*n), Width: w, Height: h, Channels: n}
	d.chroma.resize(w)
	colours := make([]byte, 4*w)
	for y := range h {
		d.interleave(s.Pix[y*w*n:(y+1)*w*n], colours, p, y, convert && n == 3)
	}
	return s, nil
}

// interleave writes the samples of row y, pixel by pixel.
func (d *Decoder) interleave(dst, colours []byte, p *jpeg.Picture, y int, convert bool) {
	n := len(p.Planes)
	var rows [4][]uint8
	for i := range p.Planes {
		rows[i] = d.chroma.row(i, &p.Planes[i], y)
	}
	if convert {
		pixel.Colours(colours, rows[0], rows[1], rows[2])
		for x := range p.Width {
			copy(dst[3*x:3*x+3], colours[4*x:])
		}
		return
	}
	for i := range n {
		for x, v := range rows[i][:p.Width] {
			dst[n*x+i] = v
		}
	}
}
