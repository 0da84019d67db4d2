package jpeg

import (
	"encoding/binary"
	"fmt"
)

// lookBits is the number of bits that one table look-up resolves: a code, mostly with the value after it.
const lookBits = 10

// A huffman is a table of codes.
type huffman struct {
	known bool
	look  [1 << lookBits]entry // for each lookBits bits that may come
	// For each length, the first code of the next longer, left-aligned in 16 bits, and what is added to a code
	// of that length to get the index of its symbol.
	limit   [17]int32
	offset  [17]int32
	symbols [256]uint8
}

// An entry describes the code at the beginning of some bits: from the highest bits on, a value of 16, the symbol of 8, the number of bits that
// they take of 8. The value is 0 where the symbol has none or its bits don't all fit; then the length is the code's
// alone. An entry of 0 is a longer code or none.
type entry uint32

func (e entry) value() int32   { return int32(e) >> 16 }
func (e entry) symbol() int    { return int(e >> 8 & 255) }
func (e entry) length() int    { return int(e & 63) } // so that the compiler sees a shift within 64 bits
func (e entry) hasValue() bool { return e >= 1<<16 }

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
				h.fill(int(code)<<(lookBits-length), length, h.symbols[index])
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

// fill writes the entries from first on, which all begin with the code of a symbol.
func (h *huffman) fill(first, length int, symbol uint8) {
	size := int(symbol & 15)
	free := lookBits - length // bits that come after the code
	for i := range 1 << free {
		e := entry(symbol)<<8 | entry(length)
		if size > 0 && size <= free {
			v := extend(int32(i>>(free-size)), size)
			e = entry(v)<<16 | entry(symbol)<<8 | entry(length+size)
		}
		h.look[first+i] = e
	}
}

// extend returns a value of size bits: the upper half of their range is the value itself, the lower half means negative numbers
// (table F.1 of the standard).
func extend(v int32, size int) int32 {
	if v < 1<<(size&31)>>1 {
		v += 1 - 1<<(size&31)
	}
	return v
}

// A bitReader reads entropy-coded data bit by bit. Past the end, which is a marker, it delivers zeros and counts them.
type bitReader struct {
	data  []byte
	pos   int
	acc   uint64 // the next bits, left-aligned; those after count may be there already
	count int    // how many of them are valid
	pad   int    // how many of those are zeros that aren't in the data
}

// fill makes at least 56 bits available.
func (b *bitReader) fill() {
	if len(b.data)-b.pos >= 8 {
		if next := binary.BigEndian.Uint64(b.data[b.pos:]); plain(next) {
			b.acc |= next >> (b.count & 63)
			b.pos += (63 - b.count) >> 3
			b.count |= 56
			return
		}
	}
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

// plain reports whether none of eight bytes is 0xff.
func plain(v uint64) bool {
	const low, high = 0x0101010101010101, 0x8080808080808080
	return (^v-low)&v&high == 0
}

// overrun reports whether bits were used that aren't in the data.
func (b *bitReader) overrun() bool { return b.count < b.pad }

// take returns the next n bits, 0 to 16. There must be as many; fill makes sure of three times that.
func (b *bitReader) take(n int) int32 {
	v := int32(b.acc >> 1 >> (63 - n&63))
	b.acc <<= n & 63
	b.count -= n
	return v
}

// signed returns a value of n bits; see extend.
func (b *bitReader) signed(n int) int32 { return extend(b.take(n), n) }

// code reads a Huffman code with the value after it, of up to 31 bits in all, which must be there. A symbol of −1 stands
// for bits that are no code.
func (b *bitReader) code(h *huffman) (symbol int, value int32) {
	e := h.look[b.acc>>(64-lookBits)]
	n := e.length()
	b.acc <<= n
	b.count -= n
	if e.hasValue() {
		return e.symbol(), e.value()
	}
	symbol = e.symbol()
	if e == 0 {
		if symbol = b.longCode(h); symbol < 0 {
			return -1, 0
		}
	}
	return symbol, b.signed(symbol & 15)
}

// longCode reads a code that no entry resolves.
func (b *bitReader) longCode(h *huffman) int {
	next := int32(b.acc >> 48)
	for length := lookBits + 1; length <= 16; length++ {
		if next < h.limit[length] {
			return int(h.symbols[uint8(b.take(length)+h.offset[length])])
		}
	}
	return -1
}

var errCode = fmt.Errorf("%w: no such Huffman code", ErrDamaged)
