package decode

import (
	"bytes"
	"encoding/binary"
	"io"
	"iter"
)

// chunksOfWebP goes through the chunks of a file, and stops at one that isn't whole.
func chunksOfWebP(data []byte) iter.Seq2[string, []byte] {
	const fileHeader, chunkHeader = 12, 8
	return func(yield func(id string, body []byte) bool) {
		for i := fileHeader; i+chunkHeader <= len(data); {
			size := int64(binary.LittleEndian.Uint32(data[i+4:]))
			if size > int64(len(data)-i-chunkHeader) {
				return
			}
			if !yield(string(data[i:i+4]), data[i+chunkHeader:i+chunkHeader+int(size)]) {
				return
			}
			i += chunkHeader + int(size+size&1) // padded to an even length
		}
	}
}

// metadataOfWebP returns the EXIF data, which is a TIFF file, and the XMP data; nil means none.
func metadataOfWebP(data []byte) (exif, xmp []byte) {
	for id, body := range chunksOfWebP(data) {
		switch {
		case id == "EXIF" && exif == nil:
			exif = body
		case id == "XMP " && xmp == nil:
			xmp = body
		}
	}
	return exif, xmp
}

// openWebP presents the first frame of an animation as a still image, since x/image/webp reads only those. The
// frame must fill the canvas, as a first frame does unless the file is hand-made.
func openWebP(data []byte) io.Reader {
	const animation, frameHeader = 1 << 1, 16
	var size []byte // of the canvas: width and height less 1, three bytes each
	for id, body := range chunksOfWebP(data) {
		switch {
		case id == "VP8X" && len(body) == 10 && body[0]&animation != 0:
			size = body[4:10]
		case id == "ANMF" && size != nil && len(body) > frameHeader && bytes.Equal(body[6:12], size):
			return stillWebP(body[frameHeader:], size)
		case id == "VP8X", id == "ANMF":
			return bytes.NewReader(data)
		}
	}
	return bytes.NewReader(data)
}

// stillWebP wraps the chunks of one frame, with VP8X before them where an ALPH chunk needs it.
func stillWebP(chunks, size []byte) io.Reader {
	b := []byte("RIFF\x00\x00\x00\x00WEBP")
	if bytes.HasPrefix(chunks, []byte("ALPH")) {
		const alpha = 1 << 4
		b = append(b, "VP8X\x0a\x00\x00\x00"...)
		b = append(b, alpha, 0, 0, 0)
		b = append(b, size...)
	}
	b = append(b, chunks...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return bytes.NewReader(b)
}
