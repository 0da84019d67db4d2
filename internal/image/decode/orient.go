package decode

import (
	"bytes"
	"image"
	"regexp"

	"finetune/internal/image/jpeg"
	"finetune/internal/image/png"
	"finetune/internal/image/tiff"
)

// An Orientation is EXIF's, 1 to 8: how the stored picture has to be turned and mirrored to be upright.
type Orientation int

// Upright is the orientation of a picture that needs no change.
const Upright Orientation = 1

// Transposed reports whether rows and columns are exchanged; the picture is mirrored after that.
func (o Orientation) Transposed() bool { return o >= 5 }

// MirroredX reports whether the upright picture's left is at the stored one's right (or bottom, if transposed).
func (o Orientation) MirroredX() bool { return o == 2 || o == 3 || o == 6 || o == 7 }

// MirroredY reports whether the upright picture's top is at the stored one's bottom (or right, if transposed).
func (o Orientation) MirroredY() bool { return o == 3 || o == 4 || o == 7 || o == 8 }

// orientation returns the orientation of a file: that of its EXIF data (of a TIFF file, of its directory), or of its XMP
// data if the former has none, as Pillow's exif_transpose. Absent or damaged metadata means Upright:
// it is no reason to lose an image.
func orientation(format Format, data []byte) Orientation {
	var exif, xmp []byte
	switch format {
	case JPEG:
		exif, xmp = jpeg.Metadata(data)
	case PNG:
		exif, xmp = png.Metadata(data)
	case WebP:
		exif, xmp = metadataOfWebP(data)
	case TIFF:
		exif = data
	}
	v, ok, own := tiff.Orientation(bytes.TrimPrefix(exif, []byte("Exif\x00\x00")))
	if format == TIFF {
		xmp = own
	}
	if !ok {
		v = orientationInXMP(xmp)
	}
	if v < 1 || v > 8 {
		return Upright
	}
	return Orientation(v)
}

var xmpOrientation = regexp.MustCompile(`tiff:Orientation(?:="|>)([0-9])`)

// orientationInXMP returns 0 if there is none.
func orientationInXMP(xmp []byte) int {
	if m := xmpOrientation.FindSubmatch(xmp); m != nil {
		return int(m[1][0] - '0')
	}
	return 0
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
