package png

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
)

const signature = "\x89PNG\r\n\x1a\n"

// A Chunk is a part of a file. If the file is cut off, the last one is incomplete.
type Chunk struct {
	Kind  string // four letters; the first is a capital in chunks that a decoder must understand
	Data  []byte
	check []byte // the four bytes of the checksum, fewer where the file is cut off
	kind  []byte // Kind and Data, which the checksum covers
}

// Intact reports whether the chunk is whole and its checksum matches.
func (c Chunk) Intact() bool {
	return len(c.check) == 4 && crc32.ChecksumIEEE(c.kind) == binary.BigEndian.Uint32(c.check)
}

// Chunks iterates over the chunks of a file, up to its end.
func Chunks(data []byte) iter.Seq[Chunk] {
	const header = 8 // length and kind
	return func(yield func(Chunk) bool) {
		for at := len(signature); at+header <= len(data); {
			length := int64(binary.BigEndian.Uint32(data[at:]))
			end := min(int64(at+header)+length, int64(len(data)))
			after := min(end+4, int64(len(data)))
			c := Chunk{
				Kind: string(data[at+4 : at+header]), Data: data[at+header : end],
				check: data[end:after], kind: data[at+4 : end],
			}
			if !yield(c) || c.Kind == "IEND" {
				return
			}
			at = int(after)
		}
	}
}

// An idat reads the contents of the IDAT chunks, which follow one another, as one stream.
type idat struct {
	next    func() (Chunk, bool)
	current []byte
	cutOff  bool // the current chunk is not whole
}

// Read returns io.ErrUnexpectedEOF at the end of a chunk that is cut off, io.EOF after the last chunk.
func (r *idat) Read(p []byte) (int, error) {
	for len(r.current) == 0 {
		if r.cutOff {
			return 0, io.ErrUnexpectedEOF
		}
		c, ok := r.next()
		if !ok || c.Kind != "IDAT" {
			return 0, io.EOF
		}
		if err := r.open(c); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.current)
	r.current = r.current[n:]
	return n, nil
}

// open begins to read a chunk.
func (r *idat) open(c Chunk) error {
	r.current, r.cutOff = c.Data, len(c.check) < 4
	if !r.cutOff && !c.Intact() {
		return fmt.Errorf("%w: checksum of IDAT", ErrDamaged)
	}
	return nil
}
