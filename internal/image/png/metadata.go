package png

import (
	"bytes"
	"encoding/hex"
	"io"

	"github.com/klauspost/compress/zlib"
)

// Metadata returns the EXIF data of a file, which is a TIFF file, and its XMP data; nil means none. EXIF comes
// from an eXIf chunk, else from a text chunk as ImageMagick writes it. Chunks with a wrong checksum don't count.
func Metadata(data []byte) (exif, xmp []byte) {
	var profile []byte
	for c := range Chunks(data) {
		if c.Kind == "IDAT" || !c.Intact() {
			continue
		}
		if c.Kind == "eXIf" {
			exif = c.Data
			continue
		}
		switch keyword, text := textOf(c); keyword {
		case "XML:com.adobe.xmp":
			xmp = text
		case "Raw profile type exif":
			profile = rawProfile(text)
		}
	}
	if exif == nil {
		exif = profile
	}
	return exif, xmp
}

// textOf returns keyword and text of a text chunk, "" for another.
func textOf(c Chunk) (keyword string, text []byte) {
	if c.Kind != "tEXt" && c.Kind != "zTXt" && c.Kind != "iTXt" {
		return "", nil
	}
	key, text, ok := bytes.Cut(c.Data, []byte{0})
	if !ok {
		return "", nil
	}
	compressed := false
	switch {
	case c.Kind == "zTXt" && len(text) > 0:
		compressed, text = true, text[1:]
	case c.Kind == "iTXt" && len(text) > 2:
		compressed, text = text[0] == 1, text[2:]
		for range 2 { // language and translated keyword
			if _, text, ok = bytes.Cut(text, []byte{0}); !ok {
				return "", nil
			}
		}
	}
	if compressed {
		text = inflate(text)
	}
	return string(key), text
}

// inflate returns decompressed text, cut off after a few megabytes.
func inflate(data []byte) []byte {
	const most = 1 << 22
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	defer z.Close()
	text, _ := io.ReadAll(io.LimitReader(z, most)) // text before an error is used
	return text
}

// rawProfile reads the hexadecimal digits after three lines: an empty one, the name and the length.
func rawProfile(text []byte) []byte {
	lines := bytes.SplitN(text, []byte("\n"), 4)
	if len(lines) < 4 {
		return nil
	}
	digits := bytes.Join(bytes.Fields(lines[3]), nil)
	profile := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(profile, digits); err != nil {
		return nil
	}
	return profile
}
