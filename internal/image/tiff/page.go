package tiff

import (
	"fmt"
	"io"
)

// Values of the photometric interpretation.
const (
	whiteIsZero = 0
	blackIsZero = 1
	rgb         = 2
	palette     = 3
	cmyk        = 5
	yCbCr       = 6
)

// Values of the compression.
const (
	none       = 1
	ccittRLE   = 2
	ccittT4    = 3
	ccittT6    = 4
	lzwCoded   = 5
	oldJPEG    = 6
	jpegCoded  = 7
	adobeZip   = 8
	packBits   = 32773
	oldZip     = 32946
	zstdCoded  = 50000
	associated = 1 // of ExtraSamples: colours are multiplied by alpha
)

// compressionNames are the names of unsupported compressions.
var compressionNames = map[int]string{
	oldJPEG: "JPEG of TIFF 6.0 (old style)", 34661: "JBIG", 34712: "JPEG 2000", 34925: "LZMA", 50001: "WebP", 50002: "JPEG XL",
	32809: "ThunderScan", 34676: "SGI LogLuv", 34677: "SGI LogLuv",
}

// photometricNames are the names of unsupported photometric interpretations.
var photometricNames = map[int]string{
	4: "a transparency mask", yCbCr: "YCbCr colours without JPEG", 8: "CIE L*a*b* colours", 9: "ICC L*a*b* colours",
	10: "ITU L*a*b* colours", 32803: "a colour filter array (camera raw)", 32844: "LogL values", 32845: "LogLuv colours",
	34892: "linear raw data",
}

// A page is the layout of the first page's samples.
type page struct {
	*directory
	width, height int
	bits          int // a sample: 1, 2, 4, 8, 12 or 16
	samples       int // a pixel, in this order: colours or index, then extra samples
	photometric   int
	compression   int
	planar        bool // each sample has segments of its own
	predictor     bool // samples are differences to the pixel before
	reversed      bool // the lowest bit of a byte comes first
	premultiplied bool

	// Segments are tiles, or strips: then as wide as the picture.
	segmentWidth, segmentHeight int
	across, down                int
	offsets, counts             uint16 // tags
}

func readPage(data []byte) (*page, error) {
	d, err := readDirectory(data)
	if err != nil {
		return nil, err
	}
	p := &page{
		directory:     d,
		width:         d.number(tagWidth, 0, 0),
		height:        d.number(tagHeight, 0, 0),
		bits:          d.number(tagBitsPerSample, 0, 1),
		photometric:   d.number(tagPhotometric, 0, whiteIsZero),
		compression:   d.number(tagCompression, 0, none),
		planar:        d.number(tagPlanar, 0, 1) == 2,
		reversed:      d.number(tagFillOrder, 0, 1) == 2,
		premultiplied: d.number(tagExtraSamples, 0, 0) == associated,
	}
	const most = 1<<31 - 1
	if p.width <= 0 || p.height <= 0 || p.width > most || p.height > most {
		return nil, fmt.Errorf("%w: a size of %d × %d", ErrDamaged, p.width, p.height)
	}
	p.samples = d.number(tagSamplesPerPixel, 0, max(d.count(tagBitsPerSample), 1))
	return p, nil
}

// check refuses kinds that aren't read, and completes p.
func (p *page) check() error {
	if name, known := compressionNames[p.compression]; known {
		return unsupported("%s compression", name)
	}
	if name, known := photometricNames[p.photometric]; known && !(p.photometric == yCbCr && p.compression == jpegCoded) {
		return unsupported("%s", name)
	}
	if err := p.checkSamples(); err != nil {
		return err
	}
	switch predictor := p.number(tagPredictor, 0, 1); {
	case p.compression != lzwCoded && p.compression != adobeZip && p.compression != oldZip && p.compression != zstdCoded:
	case predictor == 2 && p.bits < 8 || predictor == 2 && p.bits == 12:
		return unsupported("differences of samples of %d bits", p.bits)
	case predictor == 2:
		p.predictor = true
	case predictor != 1:
		return unsupported("predictor %d", predictor)
	}
	return p.layOut()
}

// colours returns the number of samples of a pixel that aren't extra samples, 0 for an unknown interpretation.
func (p *page) colours() int {
	switch p.photometric {
	case whiteIsZero, blackIsZero, palette:
		return 1
	case rgb, yCbCr:
		return 3
	case cmyk:
		return 4
	}
	return 0
}

// checkSamples checks number, size and format of the samples.
func (p *page) checkSamples() error {
	colours := p.colours()
	if colours == 0 {
		return unsupported("photometric interpretation %d", p.photometric)
	}
	if p.samples < colours || p.samples > 32 {
		return fmt.Errorf("%w: %d samples a pixel, at least %d are needed", ErrDamaged, p.samples, colours)
	}
	for i := range min(p.count(tagBitsPerSample), p.samples) {
		if b := p.number(tagBitsPerSample, i, 0); b != p.bits {
			return unsupported("samples of %d and %d bits", p.bits, b)
		}
	}
	if format := p.number(tagSampleFormat, 0, 1); format != 1 {
		name := map[int]string{2: "signed integers", 3: "floating-point numbers", 4: "undefined samples"}[format]
		return unsupported("%d-bit samples that are %s, in which neither black nor white is defined", p.bits, name)
	}
	switch {
	case p.bits == 8, p.bits == 16 && p.photometric != palette, p.bits == 12 && p.photometric != palette:
	case colours == 1 && p.samples == 1 && (p.bits == 1 || p.bits == 2 || p.bits == 4):
	case p.bits == 32 || p.bits == 64:
		return unsupported("%d-bit samples, of which no range is defined", p.bits)
	default:
		return unsupported("%d samples of %d bits a pixel", p.samples, p.bits)
	}
	switch p.compression {
	case ccittRLE, ccittT4, ccittT6:
		if p.bits != 1 || p.samples != 1 {
			return fmt.Errorf("%w: CCITT compression of %d samples of %d bits", ErrDamaged, p.samples, p.bits)
		}
	case none, lzwCoded, jpegCoded, adobeZip, packBits, oldZip, zstdCoded:
	default:
		return unsupported("compression %d", p.compression)
	}
	if p.compression == jpegCoded && p.bits != 8 {
		return unsupported("JPEG of %d bits a sample", p.bits)
	}
	if p.photometric == palette && p.count(tagColorMap) < 3<<p.bits {
		return fmt.Errorf("%w: a palette of %d values", ErrDamaged, p.count(tagColorMap))
	}
	return nil
}

// layOut finds the segments.
func (p *page) layOut() error {
	p.offsets, p.counts = tagTileOffsets, tagTileByteCounts
	if p.count(tagTileWidth) > 0 {
		p.segmentWidth, p.segmentHeight = p.number(tagTileWidth, 0, 0), p.number(tagTileHeight, 0, 0)
	} else {
		p.segmentWidth, p.segmentHeight = p.width, min(p.number(tagRowsPerStrip, 0, p.height), p.height)
		p.offsets, p.counts = tagStripOffsets, tagStripByteCounts
		if p.count(p.offsets) == 0 { // some writers mix the tags
			p.offsets, p.counts = tagTileOffsets, tagTileByteCounts
		}
	}
	const widest = 1 << 20
	if p.segmentWidth <= 0 || p.segmentHeight <= 0 || p.segmentWidth > max(p.width, widest) {
		return fmt.Errorf("%w: segments of %d × %d", ErrDamaged, p.segmentWidth, p.segmentHeight)
	}
	p.across = (p.width + p.segmentWidth - 1) / p.segmentWidth
	p.down = (p.height + p.segmentHeight - 1) / p.segmentHeight
	if n := p.across * p.down * p.planes(); p.count(p.offsets) < n {
		return fmt.Errorf("%w: %d segments where %d are needed", ErrDamaged, p.count(p.offsets), n)
	}
	return nil
}

// planes returns the number of times that the picture's area is covered by segments.
func (p *page) planes() int {
	if p.planar {
		return p.samples
	}
	return 1
}

// segment returns the bytes of segment i as they are in the file.
func (p *page) segment(i int) ([]byte, error) {
	offset := p.number(p.offsets, i, 0)
	if offset > len(p.data) {
		return nil, io.ErrUnexpectedEOF
	}
	rest := p.data[offset:]
	if n := p.number(p.counts, i, len(rest)); n < len(rest) && n > 0 {
		rest = rest[:n]
	}
	return rest, nil
}
