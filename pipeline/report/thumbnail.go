package report

import (
	"bytes"
	"fmt"
	"image/jpeg"

	"github.com/disintegration/imaging"

	"finetune/internal/image/decode"
)

// The longer side of a thumbnail in pixels, and the quality of its JPEG: about 4 KB.
const thumbnailSide, thumbnailQuality = 128, 80

// A Thumbnailer makes thumbnails, one after the other. The zero value is ready.
type Thumbnailer struct{ decoder decode.Decoder }

// Thumbnail returns a small JPEG of the picture in the bytes of an image file, upright and whole. A small picture
// keeps its size. The error says what is wrong with the bytes.
func (t *Thumbnailer) Thumbnail(data []byte) ([]byte, error) {
	img, err := t.decoder.Decode(data)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, imaging.Fit(img, thumbnailSide, thumbnailSide, imaging.CatmullRom), &jpeg.Options{Quality: thumbnailQuality}); err != nil {
		return nil, fmt.Errorf("thumbnail: %w", err)
	}
	return out.Bytes(), nil
}
