package report

import (
	"bytes"
	"fmt"
	"image/jpeg"

	"github.com/disintegration/imaging"

	"finetune/internal/image/decode"
)

// The longer side of a thumbnail in pixels and the quality of its JPEG: about 15 KB, so that sixty of them stay below
// a megabyte and a half, and a page can enlarge them.
const thumbnailSide, thumbnailQuality = 320, 78

// A Thumbnailer makes thumbnails. The zero value is ready to use. Only one goroutine may use it at a time.
type Thumbnailer struct{ decoder decode.Decoder }

// Thumbnail returns a JPEG of the whole image, upright and at most 320 × 320 pixels, from the bytes of an image file.
// It doesn't enlarge small images. The error is that of the decoder.
func (t *Thumbnailer) Thumbnail(data []byte) ([]byte, error) {
	return t.Fit(data, thumbnailSide, thumbnailQuality)
}

// Fit is Thumbnail with another side in pixels and another quality of the JPEG.
func (t *Thumbnailer) Fit(data []byte, side, quality int) ([]byte, error) {
	img, err := t.decoder.Decode(data)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, imaging.Fit(img, side, side, imaging.CatmullRom),
		&jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("thumbnail: %w", err)
	}
	return out.Bytes(), nil
}
