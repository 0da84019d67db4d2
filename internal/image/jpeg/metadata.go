package jpeg

import "bytes"

// Metadata returns the EXIF data of a file, which is a TIFF file, and its XMP data; nil means none. Segments
// after the first scan don't count.
func Metadata(data []byte) (exif, xmp []byte) {
	const app1 = 0xe1
	d := Decoder{data: data, pos: 2}
	for {
		marker, err := d.nextMarker()
		if err != nil || marker == sos || marker == eoi {
			return exif, xmp
		}
		if marker == 0x01 || marker >= rst0 && marker <= soi { // without a body
			continue
		}
		body, err := d.body()
		if err != nil {
			return exif, xmp
		}
		if marker != app1 {
			continue
		}
		if rest, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok {
			exif = append(exif, rest...) // of more than 64 KB in several segments
		} else if rest, ok := bytes.CutPrefix(body, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok {
			xmp = rest
		}
	}
}
