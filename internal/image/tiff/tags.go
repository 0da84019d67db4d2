package tiff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Errors about the contents of a file, wrapped; one that ends too early gives io.ErrUnexpectedEOF.
var (
	ErrDamaged     = errors.New("damaged data")
	ErrUnsupported = errors.New("unsupported kind of TIFF")
)

// Tags of a directory.
const (
	tagWidth           = 256
	tagHeight          = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagStripOffsets    = 273
	tagOrientation     = 274
	tagSamplesPerPixel = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagPlanar          = 284
	tagT4Options       = 292
	tagPredictor       = 317
	tagColorMap        = 320
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagExtraSamples    = 338
	tagSampleFormat    = 339
	tagJPEGTables      = 347
	tagXMP             = 700
)

// A directory is the first one of a file, in which every tag has values of 1, 2, 4 or 8 bytes.
type directory struct {
	data  []byte
	order binary.ByteOrder
	big   bool // BigTIFF: offsets and counts of 64 bits
	tags  map[uint16]values
}

// values are those of one tag: count numbers of size bytes each.
type values struct {
	raw   []byte
	size  int
	count int
}

// sizes are the lengths of the types of values, in the order of their numbers.
var sizes = [...]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// readDirectory reads the directory of the first page. Tags whose values lie outside of the file are left out.
func readDirectory(data []byte) (*directory, error) {
	if len(data) < 16 {
		return nil, io.ErrUnexpectedEOF
	}
	d := &directory{data: data, order: binary.LittleEndian, tags: map[uint16]values{}}
	if data[0] == 'M' {
		d.order = binary.BigEndian
	}
	d.big = d.order.Uint16(data[2:]) == 43
	at, entry, inline := uint64(d.order.Uint32(data[4:])), 12, 4
	if d.big {
		at, entry, inline = d.order.Uint64(data[8:]), 20, 8
	}
	head, ok := d.at(at, uint64(inline/4*2+inline/8*4))
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	n := uint64(d.order.Uint16(head))
	if d.big {
		n = d.order.Uint64(head)
	}
	list, ok := d.at(at+uint64(len(head)), min(n, 1<<16)*uint64(entry))
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	for ; len(list) >= entry; list = list[entry:] {
		d.read(list[:entry], inline)
	}
	return d, nil
}

// at returns n bytes of the file from an offset on.
func (d *directory) at(offset, n uint64) ([]byte, bool) {
	if offset > uint64(len(d.data)) || n > uint64(len(d.data))-offset {
		return nil, false
	}
	return d.data[offset : offset+n], true
}

// read reads an entry, whose values stand in its last bytes if they fit there.
func (d *directory) read(e []byte, inline int) {
	tag, kind := d.order.Uint16(e), int(d.order.Uint16(e[2:]))
	if kind >= len(sizes) || sizes[kind] == 0 {
		return
	}
	count := uint64(d.order.Uint32(e[4:]))
	place := e[8:]
	if d.big {
		count, place = d.order.Uint64(e[4:]), e[12:]
	}
	if count > uint64(len(d.data)) {
		return
	}
	length := count * uint64(sizes[kind])
	raw, ok := place, true
	if length > uint64(inline) {
		offset := uint64(d.order.Uint32(place))
		if d.big {
			offset = d.order.Uint64(place)
		}
		raw, ok = d.at(offset, length)
	}
	if _, twice := d.tags[tag]; ok && !twice {
		d.tags[tag] = values{raw[:length], sizes[kind], int(count)}
	}
}

// number returns value i of a tag, or standard where the tag has none.
func (d *directory) number(tag uint16, i int, standard int) int {
	v, ok := d.tags[tag]
	if !ok || i >= v.count {
		return standard
	}
	at := v.raw[i*v.size:]
	switch v.size {
	case 1:
		return int(at[0])
	case 2:
		return int(d.order.Uint16(at))
	case 4:
		return int(d.order.Uint32(at))
	}
	return int(min(d.order.Uint64(at), math.MaxInt64))
}

func (d *directory) count(tag uint16) int { return d.tags[tag].count }

// Orientation returns the orientation of the first page, and whether the file has one. XMP is its XMP metadata, nil
// if there is none.
func Orientation(data []byte) (orientation int, ok bool, xmp []byte) {
	d, err := readDirectory(data)
	if err != nil {
		return 0, false, nil
	}
	return d.number(tagOrientation, 0, 0), d.count(tagOrientation) > 0, d.tags[tagXMP].raw
}

func unsupported(format string, arguments ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, arguments...)...)
}
