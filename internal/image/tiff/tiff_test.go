package tiff

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"io"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"finetune/internal/image/depth"
	"finetune/internal/image/imagetest"
)

// Pixels of real files are compared with Pillow's in package decode. Here golang.org/x/image/tiff is the reference for
// the kinds that it reads well.

func files(t testing.TB) map[string][]byte {
	t.Helper()
	return imagetest.Files(t, ".tif", 8)
}

func decoder() *Decoder {
	return &Decoder{Depth: new(depth.Reducer), JPEG: func([]byte, bool) (JPEGPicture, error) {
		return JPEGPicture{}, errors.New("no JPEG in this test")
	}}
}

// high returns the high byte of each colour.
func high(img image.Image, x, y int) [3]uint8 {
	switch c := img.At(x, y).(type) {
	case color.NRGBA:
		return [3]uint8{c.R, c.G, c.B}
	case color.NRGBA64:
		return [3]uint8{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8)}
	case color.RGBA:
		return [3]uint8{c.R, c.G, c.B}
	default:
		r, g, b, _ := c.RGBA()
		return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
	}
}

func TestAgainstReference(t *testing.T) {
	compared := 0
	for name, data := range files(t) {
		want, err := tiff.Decode(bytes.NewReader(data))
		if err != nil || strings.HasPrefix(name, "planar") || strings.Contains(name, "black-is-zero") {
			continue // not read, or read wrongly
		}
		got, err := decoder().Decode(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compared++
		for y := range want.Bounds().Dy() {
			for x := range want.Bounds().Dx() {
				if g, w := high(got, x, y), high(want, x, y); g != w {
					t.Fatalf("%s: pixel (%d, %d) is %v, want %v", name, x, y, g, w)
				}
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d files compared", compared)
	}
}

func TestCutOffAnywhere(t *testing.T) {
	all := files(t)
	for _, name := range []string{"tiff-raw.tif", "tiff-packbits.tif", "big.tif", "planar-tiled-lzw.tif", "ccitt-group4-black-is-zero.tif"} {
		data := all[name]
		for n := 0; n < len(data)*9/10; n += 1 + len(data)/200 {
			if _, err := decoder().Decode(data[:n]); err == nil {
				t.Fatalf("%s: no error for %d of %d bytes", name, n, len(data))
			}
		}
	}
	data := all["tiff-raw.tif"]
	if _, err := decoder().Decode(data[:7]); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("seven bytes: %v", err)
	}
}

func TestStop(t *testing.T) {
	d, calls, enough := decoder(), 0, errors.New("enough")
	d.Stop = func() error {
		if calls++; calls > 3 {
			return enough
		}
		return nil
	}
	if _, err := d.Decode(files(t)["planar-tiled-zlib.tif"]); !errors.Is(err, enough) || calls != 4 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestOrientation(t *testing.T) {
	all := files(t)
	if o, ok, _ := Orientation(all["tiff-orientation-3.tif"]); o != 3 || !ok {
		t.Errorf("%d, %v", o, ok)
	}
	if _, ok, xmp := Orientation(all["orientation-xmp.tif"]); ok || !bytes.Contains(xmp, []byte("tiff:Orientation")) {
		t.Errorf("%v, XMP %q", ok, xmp)
	}
	if _, ok, xmp := Orientation(nil); ok || xmp != nil {
		t.Error("an orientation of nothing")
	}
}

// FuzzDecode looks for panics, endless loops and pictures of another size.
func FuzzDecode(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, _ = Orientation(data)
		w, h, err := Size(data)
		if err != nil || w > 1<<12 || h > 1<<12 || w*h > 1<<18 {
			return
		}
		if img, err := decoder().Decode(data); err == nil && img.Bounds() != image.Rect(0, 0, w, h) {
			t.Fatalf("%v, want %d × %d", img.Bounds(), w, h)
		}
	})
}
