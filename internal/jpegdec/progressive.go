package jpegdec

import "fmt"

// progressiveBlock returns the reader for the kind of scan: the DC or some AC coefficients, their first bits or
// one more bit of each (annex G of the standard).
func (s *scanHeader) progressiveBlock(d *Decoder) blockReader {
	read := s.refineAC
	switch {
	case s.first == 0 && s.high == 0:
		read = s.firstDC
	case s.first == 0:
		read = s.refineDC
	case s.high == 0:
		read = s.firstAC
	}
	return func(c *scanComponent, x, y int) error {
		at := 64 * (y*(c.stride/8) + x)
		if d.bits.count < 48 {
			d.bits.fill()
		}
		return read(d, c, (*[64]int16)(c.coeffs[at:at+64]))
	}
}

func (s *scanHeader) firstDC(d *Decoder, c *scanComponent, block *[64]int16) error {
	size, diff := d.bits.code(c.dc)
	if size < 0 || size > 15 {
		return errCode
	}
	c.last += diff
	block[0] = int16(c.last << s.low)
	return nil
}

func (s *scanHeader) refineDC(d *Decoder, _ *scanComponent, block *[64]int16) error {
	block[0] |= int16(d.bits.take(1) << s.low)
	return nil
}

func (s *scanHeader) firstAC(d *Decoder, c *scanComponent, block *[64]int16) error {
	if d.eobRun > 0 {
		d.eobRun--
		return nil
	}
	b := &d.bits
	for k := s.first; k < s.end; k++ {
		if b.count < 32 {
			b.fill()
		}
		symbol, value := b.code(c.ac)
		if symbol < 0 {
			return errCode
		}
		run, size := symbol>>4, symbol&15
		switch {
		case size != 0:
			if k += run; k >= s.end {
				return errBand
			}
			block[k] = int16(value << s.low)
		case run == 15:
			k += 15
		default: // this block and so many after it have no more
			d.eobRun = 1<<run - 1 + int(b.take(run))
			return nil
		}
	}
	return nil
}

func (s *scanHeader) refineAC(d *Decoder, c *scanComponent, block *[64]int16) error {
	b := &d.bits
	bit := int16(1) << s.low
	k := s.first
	if d.eobRun == 0 {
		for k < s.end {
			if b.count < 32 {
				b.fill()
			}
			symbol, value := b.code(c.ac)
			if symbol < 0 {
				return errCode
			}
			run, size := symbol>>4, symbol&15
			fresh := int16(0) // a coefficient that was zero until now
			switch {
			case size == 1:
				fresh = int16(value) * bit
			case size != 0:
				return errCode
			case run != 15:
				d.eobRun = 1<<run + int(b.take(run))
			}
			if d.eobRun > 0 {
				break
			}
			if k = s.refineNonZero(b, block, k, run, bit); k >= s.end {
				if fresh != 0 {
					return errBand
				}
				break
			}
			block[k] = fresh
			k++
		}
	}
	if d.eobRun > 0 {
		s.refineNonZero(b, block, k, 64, bit)
		d.eobRun--
	}
	return nil
}

// refineNonZero reads one more bit of each coefficient that isn't zero, from place k on, until zeros coefficients
// that are zero were passed and another comes, whose place it returns.
func (s *scanHeader) refineNonZero(b *bits, block *[64]int16, k, zeros int, bit int16) int {
	for ; k < s.end; k++ {
		v := block[k]
		if v == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		if b.count < 16 {
			b.fill()
		}
		if b.take(1) == 1 && v&bit == 0 {
			if v > 0 {
				block[k] += bit
			} else {
				block[k] -= bit
			}
		}
	}
	return k
}

// reconstruct computes the samples of a component from its coefficients.
func (c *component) reconstruct() {
	var block [64]int32
	for y := range c.blocksY {
		for x := range c.blocksX {
			at := 64 * (y*(c.stride/8) + x)
			end := 1
			for k, v := range (*[64]int16)(c.coeffs[at : at+64]) {
				if v != 0 {
					block[natural[k]&63] = int32(v) * int32(c.table[k])
					end = k + 1
				}
			}
			c.samples(&block, end, x, y)
		}
	}
}

var errBand = fmt.Errorf("%w: a coefficient outside the scan's band", ErrDamaged)
