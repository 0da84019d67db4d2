package tiff

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// open returns the decompressed bytes of a segment of so many rows. Reading them may fail with any error; see
// asCutOff.
func (p *page) open(segment []byte, rows int) (io.ReadCloser, error) {
	in := bytes.NewReader(segment)
	switch p.compression {
	case none:
		if p.reversed {
			return io.NopCloser(&reversed{in}), nil
		}
		return io.NopCloser(in), nil
	case packBits:
		return io.NopCloser(&packed{in: in}), nil
	case lzwCoded:
		if len(segment) > 1 && segment[0] == 0 && segment[1]&1 == 1 {
			return nil, unsupported("LZW compression in the bit order of before TIFF 6.0")
		}
		return lzw.NewReader(in, lzw.MSB, 8), nil
	case adobeZip, oldZip:
		return zlib.NewReader(in)
	case zstdCoded:
		const most = 1 << 27
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(most), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case ccittT4, ccittT6:
		return p.openFax(in, rows)
	}
	return nil, unsupported("CCITT compression without line ends")
}

// openFax opens CCITT data. Decompressed, a white pixel is a bit of 0, whatever the photometric interpretation makes of
// that.
func (p *page) openFax(in io.Reader, rows int) (io.ReadCloser, error) {
	order, kind := ccitt.MSB, ccitt.Group4
	if p.reversed {
		order = ccitt.LSB
	}
	if p.compression == ccittT4 {
		kind = ccitt.Group3
		if p.number(tagT4Options, 0, 0)&1 != 0 {
			return nil, unsupported("two-dimensional CCITT T.4 compression")
		}
	}
	const invert = true
	return io.NopCloser(ccitt.NewReader(in, order, kind, p.segmentWidth, rows, &ccitt.Options{Invert: invert})), nil
}

// asCutOff names the end of a segment before its last row, and takes other errors of decompression for damage.
func asCutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	if errors.Is(err, ErrUnsupported) || errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// A reversed reader reverses the bits of each byte.
type reversed struct{ in io.Reader }

func (r *reversed) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	for i, v := range p[:n] {
		p[i] = bits.Reverse8(v)
	}
	return n, err
}

// A packed reader expands PackBits: runs of equal bytes, and bytes as they are, after a count.
type packed struct {
	in     *bytes.Reader
	left   int // of the current run
	repeat bool
	value  byte
}

func (r *packed) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if r.left == 0 {
			if err := r.begin(); err != nil {
				return n, err
			}
			continue
		}
		part := p[n:min(len(p), n+r.left)]
		if r.repeat {
			for i := range part {
				part[i] = r.value
			}
		} else if _, err := io.ReadFull(r.in, part); err != nil {
			return n, io.ErrUnexpectedEOF
		}
		n += len(part)
		r.left -= len(part)
	}
	return n, nil
}

// begin reads the count of the next run.
func (r *packed) begin() error {
	count, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	switch n := int(int8(count)); {
	case n >= 0:
		r.left, r.repeat = n+1, false
	case n > -128:
		r.left, r.repeat = 1-n, true
		if r.value, err = r.in.ReadByte(); err != nil {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}
