package jpegdec

import "fmt"

// lookBits is the length of the codes that one look into a table resolves.
const lookBits = 9

// A huffman is a table of codes.
type huffman struct {
	known bool
	// look holds, for each lookBits bits that may come, the symbol << 8 | length of the code that they begin
	// with, 0 if it is longer.
	look [1 << lookBits]uint16
	// For each length, the first code of the next longer, left-aligned in 16 bits, and what is added to a code
	// of that length to get the index of its symbol.
	limit   [17]int32
	offset  [17]int32
	symbols [256]uint8
}

// build makes the table from the number of codes of each length and their symbols, as in annex C of the
// standard. It returns false if there are more codes than bits allow.
func (h *huffman) build(counts [16]uint8, symbols []byte) bool {
	*h = huffman{}
	copy(h.symbols[:], symbols)
	code, index := int32(0), int32(0)
	for length := 1; length <= 16; length++ {
		n := int32(counts[length-1])
		if code+n > 1<<length {
			return false
		}
		h.offset[length] = index - code
		for range n {
			if length <= lookBits {
				first := code << (lookBits - length)
				for i := range int32(1) << (lookBits - length) {
					h.look[first+i] = uint16(h.symbols[index])<<8 | uint16(length)
				}
			}
			code++
			index++
		}
		h.limit[length] = code << (16 - length)
		code <<= 1
	}
	h.known = true
	return true
}

// bits reads entropy-coded data bit by bit. Past the end, which is a marker, it delivers zeros and counts them.
type bits struct {
	data  []byte
	pos   int
	acc   uint64 // the next bits, left-aligned
	count int    // how many of them are valid
	pad   int    // how many of those are zeros that aren't in the data
}

// fill makes at least 48 bits available.
func (b *bits) fill() {
	for b.count <= 56 {
		var next byte
		if b.pos < len(b.data) {
			next = b.data[b.pos]
		}
		switch {
		case b.pos >= len(b.data):
			b.pad += 8
		case next != 0xff:
			b.pos++
		case b.pos+1 < len(b.data) && b.data[b.pos+1] == 0: // a stuffed 0xff
			b.pos += 2
		default:
			next = 0
			b.pad += 8
		}
		b.acc |= uint64(next) << (56 - b.count)
		b.count += 8
	}
}

// overrun reports whether bits were used that aren't in the data.
func (b *bits) overrun() bool { return b.count < b.pad }

// take returns the next n bits, 0 to 16. There must be as many; fill makes sure of three times that.
func (b *bits) take(n int) int32 {
	v := int32(b.acc >> 1 >> (63 - n))
	b.acc <<= n
	b.count -= n
	return v
}

// signed returns a value of n bits: the upper half of their range stands for itself, the lower for negative
// numbers (table F.1 of the standard).
func (b *bits) signed(n int) int32 {
	v := b.take(n)
	if n > 0 && v < 1<<(n-1) {
		v += 1 - 1<<n
	}
	return v
}

// symbol reads one Huffman code; at least 16 bits must be there. It returns −1 for bits that are no code.
func (b *bits) symbol(h *huffman) int {
	if e := h.look[b.acc>>(64-lookBits)]; e != 0 {
		n := int(e & 255)
		b.acc <<= n
		b.count -= n
		return int(e >> 8)
	}
	next := int32(b.acc >> 48)
	for length := lookBits + 1; length <= 16; length++ {
		if next < h.limit[length] {
			return int(h.symbols[uint8(b.take(length)+h.offset[length])])
		}
	}
	return -1
}

var errCode = fmt.Errorf("%w: no such Huffman code", ErrDamaged)
