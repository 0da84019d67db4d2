package decode

import (
	"finetune/internal/image/png"
	"finetune/internal/image/tiff"
)

// Size returns the size of the picture in data as it is stored, before orientation, from its header alone. Errors are those of
// Decode.
func Size(data []byte, limits Limits) (width, height int, err error) {
	d := Decoder{Limits: limits}
	format, err := d.check(data)
	if err == nil {
		width, height, err = d.size(format, data)
	}
	if err != nil {
		return 0, 0, d.fault(err)
	}
	return width, height, nil
}

func (d *Decoder) size(format Format, data []byte) (width, height int, err error) {
	defer func() {
		if r := recover(); r != nil {
			width, height, err = 0, 0, panicked(format, r)
		}
	}()
	if width, height, err = codecs[format].size(data); err != nil {
		return 0, 0, explain(format, err)
	}
	return width, height, d.checkSize(format, width, height)
}

// LargestSample returns the largest sample of a file of 16 bits a sample, alpha not included, and 0 for a file of fewer
// bits, for which it reads only the header. Errors are those of Decode, and Stop's.
func (d *Decoder) LargestSample(data []byte) (int, error) {
	format, err := d.check(data)
	if err != nil {
		return 0, d.fault(err)
	}
	bits := 8
	switch format {
	case PNG:
		h, err := png.ReadHeader(data)
		if err != nil {
			return 0, d.fault(explain(PNG, err))
		}
		bits = h.Depth
	case TIFF:
		bits = tiff.SampleBits(data)
	}
	if bits < 16 {
		return 0, nil
	}
	if _, err := d.Open(data); err != nil {
		return 0, err
	}
	return d.depth.Largest, nil
}
