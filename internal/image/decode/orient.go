package decode

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

// An Orientation is EXIF's, 1 to 8: how the stored picture has to be turned and mirrored to be upright.
type Orientation int

// Upright is the orientation of a picture that is stored as it is meant.
const Upright Orientation = 1

// Transposed reports whether rows and columns are exchanged; the picture is mirrored after that.
func (o Orientation) Transposed() bool { return o >= 5 }

// MirroredX reports whether the upright picture's left is at the stored one's right (or bottom, if transposed).
func (o Orientation) MirroredX() bool { return o == 2 || o == 3 || o == 6 || o == 7 }

// MirroredY reports whether the upright picture's top is at the stored one's bottom (or right, if transposed).
func (o Orientation) MirroredY() bool { return o == 3 || o == 4 || o == 7 || o == 8 }

// orientation returns that of a file. Metadata that is absent or broken means 1, the picture as it
// is stored: it is no reason to lose an image.
func orientation(format Format, data []byte) Orientation {
	kind, ok := metadata[format]
	if !ok {
		return Upright
	}
	if format == WebP {
		// Not left to imagemeta 1.0.1, which goes astray after a chunk of odd length.
		if data = exifOfWebP(data); data == nil {
			return Upright
		}
	}
	found := Upright
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
				found = Orientation(v)
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

// orient turns and mirrors a picture, into d's second buffer.
func (d *Decoder) orient(img *image.NRGBA, o Orientation) *image.NRGBA {
	if o == Upright {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	// Pixel (x, y) of the result is pixel origin + x·right + y·down of the stored picture.
	origin, right, down := 0, 1, w
	if o.Transposed() {
		right, down = down, right
		w, h = h, w
	}
	if o.MirroredX() {
		origin += (w - 1) * right
		right = -right
	}
	if o.MirroredY() {
		origin += (h - 1) * down
		down = -down
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
