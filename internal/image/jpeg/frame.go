package jpeg

import (
	"fmt"
	"unsafe"
)

// A frame is the content of the frame header.
type frame struct {
	width, height int
	progressive   bool
	maxH, maxV    int // the largest sampling factors
	mcusX, mcusY  int // of an interleaved scan
	components    []component
}

// A component is one plane while it is decoded.
type component struct {
	id, quant     byte
	h, v          int // sampling factors
	width, height int // in samples
	blocksX       int // blocks in a row and rows of blocks that hold samples,
	blocksY       int // which is what a scan of this component alone holds
	stride        int // bytes in a row, a whole number of MCUs
	seen          bool
	table         [64]uint16 // for quantisation, as it was at the component's first scan

	pix    []uint8
	blocks []coeffBlock // of a progressive file: stride/8 in a row
}

func (d *Decoder) readFrame(body []byte, progressive bool) error {
	if d.frame.components != nil {
		return fmt.Errorf("%w: a second frame", ErrDamaged)
	}
	if len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return fmt.Errorf("%w: frame header", ErrDamaged)
	}
	if body[0] != 8 {
		return fmt.Errorf("%w: %d bits a sample", ErrUnsupported, body[0])
	}
	n := int(body[5])
	if n == 0 || n > 4 {
		return fmt.Errorf("%w: %d components", ErrUnsupported, n)
	}
	f := frame{
		height:      int(body[1])<<8 | int(body[2]),
		width:       int(body[3])<<8 | int(body[4]),
		progressive: progressive,
	}
	if f.width == 0 || f.height == 0 {
		return fmt.Errorf("%w: a size of %d × %d", ErrUnsupported, f.width, f.height)
	}
	for i := range n {
		b := body[6+3*i:]
		c := component{id: b[0], h: int(b[1] >> 4), v: int(b[1] & 15), quant: b[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quant > 3 {
			return fmt.Errorf("%w: component %d", ErrDamaged, i+1)
		}
		for _, other := range f.components {
			if other.id == c.id {
				return fmt.Errorf("%w: two components with the id %d", ErrDamaged, c.id)
			}
		}
		f.maxH, f.maxV = max(f.maxH, c.h), max(f.maxV, c.v)
		f.components = append(f.components, c)
	}
	f.mcusX, f.mcusY = ceil(f.width, 8*f.maxH), ceil(f.height, 8*f.maxV)
	for i := range f.components {
		c := &f.components[i]
		if f.maxH%c.h != 0 || f.maxV%c.v != 0 {
			return fmt.Errorf("%w: sampling of %d × %d among %d × %d", ErrUnsupported, c.h, c.v, f.maxH, f.maxV)
		}
		c.width, c.height = ceil(f.width*c.h, f.maxH), ceil(f.height*c.v, f.maxV)
		c.blocksX, c.blocksY = ceil(c.width, 8), ceil(c.height, 8)
		c.stride = 8 * c.h * f.mcusX
	}
	d.frame = f
	return nil
}

// samples returns the number of samples of a component, whole MCUs.
func (f *frame) samples(c *component) int64 { return int64(c.stride) * int64(8*c.v*f.mcusY) }

// allocate makes the planes, and the coefficients where they are needed, before the first scan.
func (d *Decoder) allocate() error {
	f := &d.frame
	memory := int64(0)
	for i := range f.components {
		n := f.samples(&f.components[i])
		memory += n
		if f.progressive {
			memory += n / 64 * int64(unsafe.Sizeof(coeffBlock{}))
		}
	}
	if most := d.Limits.Memory; most > 0 && memory > most {
		return fmt.Errorf("%w: %d × %d pixels need %d bytes, the limit is %d", ErrTooLarge, f.width, f.height, memory, most)
	}
	for i := range f.components {
		c := &f.components[i]
		n := int(f.samples(c))
		c.pix = take(&d.kept[i], n)
		if f.progressive {
			c.blocks = take(&d.coeffs[i], n/64)
			clear(c.blocks)
		}
	}
	return nil
}

// checkWork adds up the samples of a progressive file's scans, of which the first was just read. It only
// searches for markers, so that refusing a file is cheap.
func (d *Decoder) checkWork(first *scanHeader) error {
	most := d.Limits.Work
	if most <= 0 || !d.frame.progressive {
		return nil
	}
	work := int64(0)
	for _, c := range first.components {
		work += d.frame.samples(c.component)
	}
	defer func(pos int) { d.pos = pos }(d.pos)
	for work <= most {
		marker, err := d.nextMarker()
		if err != nil || marker == eoi {
			return nil
		}
		if marker == 0x01 || marker >= rst0 && marker <= soi {
			continue
		}
		body, err := d.body()
		if err != nil {
			return nil
		}
		for i := 1; marker == sos && i < len(body)-3; i += 2 {
			for j := range d.frame.components {
				if c := &d.frame.components[j]; c.id == body[i] {
					work += d.frame.samples(c)
				}
			}
		}
	}
	return fmt.Errorf("%w: the scans of %d × %d pixels hold more than %d samples",
		ErrTooLarge, d.frame.width, d.frame.height, most)
}

func ceil(a, b int) int { return (a + b - 1) / b }
