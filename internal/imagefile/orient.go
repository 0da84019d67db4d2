package imagefile

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// metadata names the formats whose EXIF data can hold an orientation.
var metadata = map[Format]imagemeta.ImageFormat{
	JPEG: imagemeta.JPEG,
	PNG:  imagemeta.PNG,
	WebP: imagemeta.TIFF, // its EXIF chunk is one
	TIFF: imagemeta.TIFF,
}

// orientation returns the EXIF orientation, 1 to 8. Metadata that is absent or broken means 1, the picture as it
// is stored: it is no reason to lose an image.
func orientation(format Format, data []byte) int {
	kind, ok := metadata[format]
	if !ok {
		return 1
	}
	if format == WebP {
		// Not left to imagemeta 1.0.1, which goes astray after a chunk of odd length.
		if data = exifOfWebP(data); data == nil {
			return 1
		}
	}
	found := 1
	// Decode recovers from its own panics; what it had found before an error counts.
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:           bytes.NewReader(data),
		ImageFormat: kind,
		Sources:     imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool {
			return tag.Tag == "Orientation" && tag.Namespace == "IFD0"
		},
		HandleTag: func(tag imagemeta.TagInfo) error {
			if v, ok := integer(tag.Value); ok && v >= 1 && v <= 8 {
				found = v
			}
			return imagemeta.ErrStopWalking
		},
	})
	return found
}

func integer(value any) (int, bool) {
	switch v := value.(type) {
	case uint8:
		return int(v), true
	case uint16:
		return int(v), true
	case uint32:
		return int(v), v <= 8
	case int:
		return v, true
	}
	return 0, false
}

// orient turns and mirrors a picture as its EXIF orientation says, into d's second buffer.
func (d *Decoder) orient(img *image.NRGBA, orientation int) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	// Pixel (x, y) of the result is pixel origin + x·right + y·down of the stored picture.
	var origin, right, down int
	last := w*h - 1
	switch orientation {
	case 2: // mirrored
		origin, right, down = w-1, -1, w
	case 3: // upside down
		origin, right, down = last, -1, -w
	case 4: // upside down and mirrored
		origin, right, down = last-(w-1), 1, -w
	case 5: // rows and columns exchanged
		origin, right, down = 0, w, 1
	case 6: // to be turned by 90° clockwise
		origin, right, down = last-(w-1), -w, 1
	case 7: // exchanged across the other diagonal
		origin, right, down = last, -w, -1
	case 8: // to be turned by 90° anticlockwise
		origin, right, down = w-1, w, -1
	default:
		return img
	}
	if orientation >= 5 {
		w, h = h, w
	}
	out := d.turned.image(w, h)
	// By tiles, so that a turned 12-megapixel photo isn't one cache miss a pixel.
	const tile = 32
	for y0 := 0; y0 < h; y0 += tile {
		for x0 := 0; x0 < w; x0 += tile {
			for y := y0; y < min(y0+tile, h); y++ {
				from := 4 * (origin + x0*right + y*down)
				to := 4 * (y*w + x0)
				for range min(tile, w-x0) {
					*(*[4]byte)(out.Pix[to:]) = *(*[4]byte)(img.Pix[from:])
					from += 4 * right
					to += 4
				}
			}
		}
	}
	return out
}
