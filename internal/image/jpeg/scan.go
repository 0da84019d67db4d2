package jpeg

import (
	"fmt"

	"finetune/internal/image/pixel"
)

// A scanComponent is a component's part in one scan.
type scanComponent struct {
	*component
	dc, ac *huffman
	last   int32 // the DC value of the block before
}

// A scanHeader describes the coefficients of a scan: places first to end in zigzag order, and for a progressive
// file the bit position: high 0 for a first pass over them, else one more than low.
type scanHeader struct {
	components []scanComponent
	first, end int
	high, low  uint
}

// A blockReader reads one block's part of a scan.
type blockReader func(c *scanComponent, x, y int) error

// scan reads a scan, header and data.
func (d *Decoder) scan(body []byte) error {
	if d.frame.components == nil {
		return fmt.Errorf("%w: a scan before the frame", ErrDamaged)
	}
	s, err := d.readScanHeader(body)
	if err != nil {
		return err
	}
	if d.frame.components[0].pix == nil {
		if err := d.checkWork(s); err != nil {
			return err
		}
		if err := d.allocate(); err != nil {
			return err
		}
	}
	read := d.sequentialBlock
	if d.frame.progressive {
		read = s.progressiveBlock(d)
	}
	d.bits = bitReader{data: d.data, pos: d.pos}
	if err := d.blocks(s, read); err != nil {
		return err
	}
	d.pos = d.bits.pos
	return nil
}

func (d *Decoder) readScanHeader(body []byte) (*scanHeader, error) {
	f := &d.frame
	damaged := fmt.Errorf("%w: scan header", ErrDamaged)
	if len(body) < 1 || body[0] < 1 || body[0] > 4 || len(body) != 4+2*int(body[0]) {
		return nil, damaged
	}
	n := int(body[0])
	s := &scanHeader{first: 0, end: 64}
	blocks := 0
	for i := range n {
		id, tables := body[1+2*i], body[2+2*i]
		at := -1
		for j := range f.components {
			if f.components[j].id == id {
				at = j
			}
		}
		if at < 0 || tables>>4 > 3 || tables&15 > 3 {
			return nil, damaged
		}
		c := &f.components[at]
		for _, other := range s.components {
			if other.component == c {
				return nil, damaged
			}
		}
		if !d.quantKnown[c.quant] {
			return nil, fmt.Errorf("%w: no quantisation table %d", ErrDamaged, c.quant)
		}
		if c.seen && !f.progressive {
			return nil, fmt.Errorf("%w: a second scan of component %d", ErrDamaged, at+1)
		}
		if !c.seen { // a table may be replaced between scans
			c.seen, c.table = true, d.quant[c.quant]
		}
		blocks += c.h * c.v
		s.components = append(s.components, scanComponent{component: c, dc: &d.dc[tables>>4], ac: &d.ac[tables&15]})
	}
	if n > 1 && blocks > 10 { // the standard's bound
		return nil, damaged
	}
	if f.progressive {
		b := body[1+2*n:]
		s.first, s.end, s.high, s.low = int(b[0]), int(b[1])+1, uint(b[2]>>4), uint(b[2]&15)
		if s.first >= s.end || s.end > 64 || s.first == 0 && s.end != 1 || s.first > 0 && n > 1 ||
			s.low > 13 || s.high != 0 && s.high != s.low+1 {
			return nil, damaged
		}
	}
	return s, d.checkTables(s, body[1:1+2*n])
}

// checkTables makes sure that the Huffman tables of a scan are there. Those that the file doesn't define are the
// standard's where the standard has them.
func (d *Decoder) checkTables(s *scanHeader, selectors []byte) error {
	for i, c := range s.components {
		tables := selectors[2*i+1]
		needsDC := s.first == 0 && s.high == 0
		if needsDC && !c.dc.known && !c.dc.standard(dcStandard, tables>>4) ||
			s.end > 1 && !c.ac.known && !c.ac.standard(acStandard, tables&15) {
			return fmt.Errorf("%w: a Huffman table is missing", ErrDamaged)
		}
	}
	return nil
}

// blocks calls read for every block of the scan in order: one component alone row by row, several interleaved in
// minimum coded units.
func (d *Decoder) blocks(s *scanHeader, read blockReader) error {
	acrossX, acrossY := d.frame.mcusX, d.frame.mcusY
	alone := len(s.components) == 1
	if alone {
		acrossX, acrossY = s.components[0].blocksX, s.components[0].blocksY
	}
	d.eobRun = 0
	for unit, y := 0, 0; y < acrossY; y++ {
		if err := d.stopped(); err != nil {
			return err
		}
		for x := range acrossX {
			if d.restart > 0 && unit > 0 && unit%d.restart == 0 {
				if err := d.restartMarker(s, unit/d.restart-1); err != nil {
					return err
				}
			}
			unit++
			if alone {
				if err := read(&s.components[0], x, y); err != nil {
					return err
				}
				continue
			}
			for i := range s.components {
				c := &s.components[i]
				for v := range c.v {
					for h := range c.h {
						if err := read(c, x*c.h+h, y*c.v+v); err != nil {
							return err
						}
					}
				}
			}
		}
		if d.bits.overrun() {
			if d.bits.pos+1 >= len(d.data) {
				return errCutOff
			}
			return fmt.Errorf("%w: a scan ends in row %d of %d", ErrDamaged, y+1, acrossY)
		}
	}
	return nil
}

// restartMarker reads the n-th restart marker and begins anew after it.
func (d *Decoder) restartMarker(s *scanHeader, n int) error {
	overrun := d.bits.overrun()
	d.pos = d.bits.pos
	marker, err := d.nextMarker()
	if err != nil {
		return err
	}
	if overrun || marker != rst0+byte(n%8) {
		return fmt.Errorf("%w: restart marker %d is not where it belongs", ErrDamaged, n)
	}
	d.bits = bitReader{data: d.data, pos: d.pos}
	d.eobRun = 0
	for i := range s.components {
		s.components[i].last = 0
	}
	return nil
}

// sequentialBlock reads a block of a baseline file and computes its samples.
func (d *Decoder) sequentialBlock(c *scanComponent, x, y int) error {
	if d.bits.count < 48 {
		d.bits.fill()
	}
	size, diff := d.bits.code(c.dc)
	if size < 0 || size > 15 {
		return errCode
	}
	c.last += diff
	d.block[0] = int32(int16(c.last)) * int32(c.table[0])
	last, err := d.bits.readAC(&d.block, c.ac, &c.table)
	if err != nil {
		return err
	}
	c.samples(&d.block, last, x, y)
	return nil
}

// readAC reads the coefficients after the first and dequantises them. It returns the zigzag place after the last.
func (b *bitReader) readAC(block *[64]int32, h *huffman, quant *[64]uint16) (end int, err error) {
	acc, count := b.acc, b.count // in registers
	end = 1
	for k := 1; k < 64; {
		if count < 32 {
			b.acc, b.count = acc, count
			b.fill()
			acc, count = b.acc, b.count
		}
		e := h.look[acc>>(64-lookBits)]
		n := e.length()
		value := e.value()
		run := e.symbol() >> 4
		acc <<= n
		count -= n
		if !e.hasValue() {
			b.acc, b.count = acc, count
			symbol := e.symbol()
			if e == 0 {
				if symbol = b.longCode(h); symbol < 0 {
					return 0, errCode
				}
			}
			run = symbol >> 4
			value = b.signed(symbol & 15)
			acc, count = b.acc, b.count
			if symbol&15 == 0 {
				if run == 15 {
					k += 16
					continue
				}
				break
			}
		}
		if k += run; k > 63 {
			return 0, fmt.Errorf("%w: a block of more than 64 coefficients", ErrDamaged)
		}
		block[natural[k&63]&63] = value * int32(quant[k&63])
		k++
		end = k
	}
	b.acc, b.count = acc, count
	return end, nil
}

// samples computes the samples of block (x, y), whose last coefficient comes before zigzag place end, and clears it.
func (c *component) samples(block *[64]int32, end, x, y int) {
	out := c.pix[8*y*c.stride+8*x:]
	if end > 1 {
		pixel.InverseDCT(out, c.stride, block)
		return
	}
	pixel.FillBlock(out, c.stride, block[0])
	block[0] = 0
}
