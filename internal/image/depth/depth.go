// Package depth reduces samples of 16 bits to 8 bits and samples of fewer than 8 bits to one byte each.
//
// A file of 16-bit samples need not use their range: cameras and scanners of 12 bits store values up to 4095. The
// headers of common formats don't tell, so that a caller has to set White.
package depth

// A Reducer turns rows of 16-bit samples into rows of bytes and notes the largest sample that it read. The zero value
// is ready to use; one Reducer serves one goroutine.
type Reducer struct {
	// White is the sample that becomes 255; samples above it become 255 too. 0 means the full range: the high
	// byte of each sample is kept, as Pillow does for colours.
	White int

	// Largest is the largest sample of a colour since it was last set to 0.
	Largest int

	table      []uint8
	tableWhite int
}

// Reduce reduces len(dst) samples: so many for each pixel, of which the first are colours and the others, such as alpha,
// don't count for Largest. high is the offset of a sample's high byte: 0 for big-endian samples, else 1.
func (r *Reducer) Reduce(dst, src []byte, samples, colours, high int) {
	if r.White > 0 && r.tableWhite != r.White {
		r.table, r.tableWhite = tableOf(r.White), r.White
	}
	largest := uint16(0)
	for i := range dst {
		pair := src[2*i : 2*i+2]
		v := uint16(pair[high&1])<<8 | uint16(pair[1-high&1])
		if samples == colours || i%samples < colours {
			largest = max(largest, v)
		}
		if r.White > 0 {
			dst[i] = r.table[v]
		} else {
			dst[i] = uint8(v >> 8)
		}
	}
	r.Largest = max(r.Largest, int(largest))
}

// tableOf returns the byte for every sample: 255 · sample / white, rounded to nearest.
func tableOf(white int) []uint8 {
	table := make([]uint8, 1<<16)
	for v := range table {
		table[v] = uint8(min((255*v+white/2)/white, 255))
	}
	return table
}

// Unpack writes one byte for each of len(dst) samples of 1, 2 or 4 bits, the highest bits of a byte first. The value
// is multiplied by scale: 1 for indices into a palette, Full(bits) for levels.
func Unpack(dst, src []byte, bits int, scale uint8) {
	mask := uint8(1)<<bits - 1
	perByte := 8 / bits
	for i := range dst {
		shift := 8 - bits*(i%perByte+1)
		dst[i] = src[i/perByte] >> shift & mask * scale
	}
}

// Full returns the factor that maps levels of 1, 2, 4 or 8 bits to 0 … 255.
func Full(bits int) uint8 { return uint8(255 / (1<<bits - 1)) }
