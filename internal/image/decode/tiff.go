package decode

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"slices"
)

// Tags of a TIFF directory, and values of the photometric interpretation.
const (
	tagBitsPerSample = 258
	tagPhotometric   = 262
	tagExtraSamples  = 338

	photometricRGB  = 2
	photometricCMYK = 5
)

// byteOrder is what both orders of encoding/binary can do.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// A tiffDirectory is the first directory of a file: entries of 12 bytes each, in file order.
type tiffDirectory struct {
	order   byteOrder
	entries [][]byte
}

// directoryOf reads the directory of the first page; ok is false if it isn't whole.
func directoryOf(data []byte) (dir tiffDirectory, ok bool) {
	if len(data) < 8 {
		return dir, false
	}
	dir.order = binary.LittleEndian
	if data[0] == 'M' {
		dir.order = binary.BigEndian
	}
	at := int64(dir.order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return dir, false
	}
	n := int64(dir.order.Uint16(data[at:]))
	if at += 2; at+12*n > int64(len(data)) {
		return dir, false
	}
	for i := range n {
		dir.entries = append(dir.entries, data[at+12*i:at+12*i+12])
	}
	return dir, true
}

// short returns the value of an entry that holds one 16-bit number, and the number of values it declares.
func (dir tiffDirectory) short(tag uint16) (value uint16, count uint32) {
	for _, e := range dir.entries {
		if dir.order.Uint16(e) == tag {
			return dir.order.Uint16(e[8:]), dir.order.Uint32(e[4:])
		}
	}
	return 0, 0
}

// isCMYK reports whether the first page has four inks of 8 or 16 bits and nothing else.
func isCMYK(data []byte) bool {
	dir, ok := directoryOf(data)
	if !ok {
		return false
	}
	photometric, _ := dir.short(tagPhotometric)
	_, samples := dir.short(tagBitsPerSample)
	_, extra := dir.short(tagExtraSamples)
	return photometric == photometricCMYK && samples == 4 && extra == 0
}

// openTIFF presents a CMYK page as RGB with alpha, which x/image/tiff reads sample by sample without touching
// them: the file with a changed copy of its directory at the end. inksOf gives the samples their meaning back.
func openTIFF(data []byte) io.Reader {
	if !isCMYK(data) {
		return bytes.NewReader(data)
	}
	dir, _ := directoryOf(data)
	const shortType, unassociatedAlpha = 3, 2
	entry := func(tag, value uint16) []byte {
		e := make([]byte, 12)
		dir.order.PutUint16(e, tag)
		dir.order.PutUint16(e[2:], shortType)
		dir.order.PutUint32(e[4:], 1)
		dir.order.PutUint16(e[8:], value)
		return e
	}
	entries := slices.Clone(dir.entries)
	at := len(entries)
	for i, e := range entries {
		switch tag := dir.order.Uint16(e); {
		case tag == tagPhotometric:
			entries[i] = entry(tagPhotometric, photometricRGB)
		case tag > tagExtraSamples:
			at = min(at, i)
		}
	}
	entries = slices.Insert(entries, at, entry(tagExtraSamples, unassociatedAlpha))

	changed := append(make([]byte, 0, len(data)+2+12*len(entries)+4), data...)
	dir.order.PutUint32(changed[4:], uint32(len(data)))
	changed = dir.order.AppendUint16(changed, uint16(len(entries)))
	for _, e := range entries {
		changed = append(changed, e...)
	}
	return bytes.NewReader(append(changed, 0, 0, 0, 0)) // no further directory
}

// inksOf takes the four channels of a page read through openTIFF for what they are.
func inksOf(img image.Image) image.Image {
	switch m := img.(type) {
	case *image.NRGBA:
		return &image.CMYK{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	case *image.NRGBA64:
		inks := image.NewCMYK(m.Rect)
		for i := range inks.Pix {
			inks.Pix[i] = m.Pix[2*i]
		}
		return inks
	}
	return img
}
