package report

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"testing"
)

func TestThumbnail(t *testing.T) {
	var maker Thumbnailer
	for _, c := range []struct{ w, h, wantW, wantH int }{{1280, 640, 320, 160}, {200, 640, 100, 320}, {20, 10, 20, 10}} {
		var file bytes.Buffer
		if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, c.w, c.h))); err != nil {
			t.Fatal(err)
		}
		data, err := maker.Thumbnail(file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || got.Width != c.wantW || got.Height != c.wantH {
			t.Errorf("%d × %d became %d × %d (%v), want %d × %d", c.w, c.h, got.Width, got.Height, err, c.wantW,
				c.wantH)
		}
	}
	if _, err := maker.Thumbnail([]byte("no picture")); err == nil {
		t.Error("text became a thumbnail")
	}
}
