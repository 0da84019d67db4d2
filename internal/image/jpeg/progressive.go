package jpeg

import (
	"fmt"
	"math/bits"
)

// A coeffBlock is a block of a progressive file as far as it was read: the coefficients in zigzag order, and which of them
// aren't zero, the DC left out, as a bit each.
type coeffBlock struct {
	coeffs  [64]int16
	nonZero uint64
}

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
		if d.bits.count < 48 {
			d.bits.fill()
		}
		return read(d, c, &c.blocks[y*(c.stride/8)+x])
	}
}

func (s *scanHeader) firstDC(d *Decoder, c *scanComponent, block *coeffBlock) error {
	size, diff := d.bits.code(c.dc)
	if size < 0 || size > 15 {
		return errCode
	}
	c.last += diff
	block.coeffs[0] = int16(c.last << s.low)
	return nil
}

func (s *scanHeader) refineDC(d *Decoder, _ *scanComponent, block *coeffBlock) error {
	block.coeffs[0] |= int16(d.bits.take(1) << s.low)
	return nil
}

func (s *scanHeader) firstAC(d *Decoder, c *scanComponent, block *coeffBlock) error {
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
			block.set(k, int16(value<<s.low))
		case run == 15:
			k += 15
		default: // this block and so many after it have no more
			d.eobRun = 1<<run - 1 + int(b.take(run))
			return nil
		}
	}
	return nil
}

func (s *scanHeader) refineAC(d *Decoder, c *scanComponent, block *coeffBlock) error {
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
			block.set(k, fresh)
			k++
		}
	}
	if d.eobRun > 0 {
		s.refineNonZero(b, block, k, 64, bit)
		d.eobRun--
	}
	return nil
}

// set sets an AC coefficient that was zero.
func (b *coeffBlock) set(k int, v int16) {
	b.coeffs[k&63] = v
	if v != 0 {
		b.nonZero |= 1 << (k & 63)
	}
}

// refineNonZero reads one more bit of each coefficient that isn't zero, from place k on, until zeros coefficients
// that are zero were passed and another comes, whose place it returns.
func (s *scanHeader) refineNonZero(b *bitReader, block *coeffBlock, k, zeros int, bit int16) int {
	for k < s.end {
		next := min(k+bits.TrailingZeros64(block.nonZero>>(k&63)), s.end)
		if next-k > zeros {
			return k + zeros
		}
		zeros -= next - k
		if k = next; k == s.end {
			break
		}
		if b.count < 16 {
			b.fill()
		}
		if v := &block.coeffs[k&63]; b.take(1) == 1 && *v&bit == 0 {
			if *v > 0 {
				*v += bit
			} else {
				*v -= bit
			}
		}
		k++
	}
	return k
}

// reconstruct computes the samples of a component from its coefficients. It calls stopped before each row.
func (c *component) reconstruct(stopped func() error) error {
	var block [64]int32
	for y := range c.blocksY {
		if err := stopped(); err != nil {
			return err
		}
		for x := range c.blocksX {
			from := &c.blocks[y*(c.stride/8)+x]
			block[0] = int32(from.coeffs[0]) * int32(c.table[0])
			for left := from.nonZero; left != 0; left &= left - 1 {
				k := bits.TrailingZeros64(left) & 63
				block[natural[k]&63] = int32(from.coeffs[k]) * int32(c.table[k])
			}
			c.samples(&block, bits.Len64(from.nonZero|1), x, y)
		}
	}
	return nil
}

var errBand = fmt.Errorf("%w: a coefficient outside the scan's band", ErrDamaged)
