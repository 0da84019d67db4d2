package decode

import (
	"errors"
	"testing"

	"finetune/internal/image/imagetest"
)

func TestSizeAsDecoded(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	for _, g := range golden.Images {
		data := golden.Read(t, g.File)
		w, h, err := Size(data, Limits{})
		turned := w == g.Height && h == g.Width // the picture is upright there
		if err != nil || w != g.Width && !turned || h != g.Height && !turned {
			t.Errorf("%s: %d × %d, %v; want %d × %d", g.File, w, h, err, g.Width, g.Height)
		}
		if _, _, err := Size(data, Limits{MaxPixels: 1}); errors.Is(err, ErrTooLarge) != (g.Width*g.Height > 1) {
			t.Errorf("%s: with a limit of one pixel: %v", g.File, err)
		}
	}
	for name, data := range map[string]string{"no picture": "hello", "cut off": "\xff\xd8\xff\xe0\x00"} {
		if _, _, err := Size([]byte(data), Limits{}); err == nil {
			t.Errorf("%s has a size", name)
		}
	}
}
