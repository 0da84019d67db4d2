package bmp

import "io"

// runs decodes run-length encoded indices into pix, which is zero. Data that ends before the last row is an error;
// pixels beyond the end of a row are dropped.
func (h *header) runs(pix, data []byte) error {
	r := runReader{width: h.width, out: pix, data: data, pos: h.pixels, four: h.compression == rle4}
	for r.at < len(pix) {
		if r.pos+2 > len(data) {
			return io.ErrUnexpectedEOF
		}
		count, value := int(data[r.pos]), data[r.pos+1]
		r.pos += 2
		switch {
		case count > 0:
			r.run(count, value)
		case value == 0: // end of the row
			if r.at%h.width != 0 {
				r.skip(h.width - r.at%h.width)
			}
			r.x = 0
		case value == 1: // end of the picture
			return io.ErrUnexpectedEOF
		case value == 2:
			if r.pos+2 > len(data) {
				return io.ErrUnexpectedEOF
			}
			r.skip(int(data[r.pos]) + int(data[r.pos+1])*h.width)
			r.x = r.at % h.width
			r.pos += 2
		default:
			if !r.literal(int(value)) {
				return io.ErrUnexpectedEOF
			}
		}
	}
	if !h.topDown {
		flip(pix, h.width)
	}
	return nil
}

// A runReader is the state of runs.
type runReader struct {
	width int
	out   []byte
	at    int // the place in out that is written next
	x     int // the column as far as runs count it
	data  []byte
	pos   int
	four  bool // two indices in a byte
}

func (r *runReader) skip(n int) { r.at = min(r.at+n, len(r.out)) }

// run writes one index count times, or two in turn. Pixels beyond the row are dropped.
func (r *runReader) run(count int, value byte) {
	count = min(count, max(r.width-r.x, 0), len(r.out)-r.at)
	for i := range count {
		switch {
		case !r.four:
			r.out[r.at+i] = value
		case i%2 == 0:
			r.out[r.at+i] = value >> 4
		default:
			r.out[r.at+i] = value & 15
		}
	}
	r.at += count
	r.x += count
}

// literal copies count indices, which are padded to an even offset in the file.
func (r *runReader) literal(count int) bool {
	n := min(count, len(r.out)-r.at)
	bytes := n
	if r.four {
		bytes = (n + 1) / 2
	}
	if r.pos+bytes > len(r.data) {
		return false
	}
	src := r.data[r.pos : r.pos+bytes]
	for i := range n {
		switch {
		case !r.four:
			r.out[r.at+i] = src[i]
		case i%2 == 0:
			r.out[r.at+i] = src[i/2] >> 4
		default:
			r.out[r.at+i] = src[i/2] & 15
		}
	}
	r.at += n
	r.x += count
	r.pos += bytes
	r.pos += r.pos & 1
	return true
}

// flip puts the rows in the opposite order.
func flip(pix []byte, width int) {
	for top, bottom := 0, len(pix)-width; top < bottom; top, bottom = top+width, bottom-width {
		for x := range width {
			pix[top+x], pix[bottom+x] = pix[bottom+x], pix[top+x]
		}
	}
}
