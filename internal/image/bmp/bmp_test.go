package bmp

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"io"
	"testing"

	"golang.org/x/image/bmp"

	"finetune/internal/image/imagetest"
)

// Pixels of real files are compared with Pillow's in package decode. Here golang.org/x/image/bmp is the reference for
// the kinds that it reads.

func files(t testing.TB) map[string][]byte {
	t.Helper()
	return imagetest.Files(t, ".bmp", 4)
}

func TestCutOffAnywhere(t *testing.T) {
	for name, data := range files(t) {
		for n := 0; n < len(data)-4; n += 1 + len(data)/200 { // the last bytes may be padding
			if _, err := Decode(data[:n]); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s: %v for %d of %d bytes", name, err, n, len(data))
			}
		}
	}
}

func TestUnsupported(t *testing.T) {
	good := files(t)["bmp-24bit.bmp"]
	for name, change := range map[string]struct {
		at    int
		value byte
	}{"a header of 41 bytes": {14, 41}, "5 bits": {28, 5}, "JPEG inside": {30, 4}, "runs of 24 bits": {30, 1}} {
		data := bytes.Clone(good)
		data[change.at] = change.value
		if _, err := Decode(data); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	data := bytes.Clone(good)
	copy(data[18:], make([]byte, 4))
	if _, err := Decode(data); !errors.Is(err, ErrDamaged) {
		t.Errorf("no width: %v", err)
	}
}

// FuzzAgainstReference: what x/image/bmp reads is read the same here.
func FuzzAgainstReference(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w, h, err := Size(data)
		if err != nil || w > 1<<12 || h > 1<<12 || w*h > 1<<18 {
			return
		}
		got, err := Decode(data)
		want, referenceErr := bmp.Decode(bytes.NewReader(data))
		if err != nil || referenceErr != nil {
			return
		}
		same(t, got, want)
	})
}

func same(t *testing.T, got, want image.Image) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%v, want %v", got.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			w := want.At(x, y)
			if n, ok := w.(color.NRGBA); ok { // without alpha
				w = color.NRGBA{n.R, n.G, n.B, 255}
			}
			g := color.NRGBAModel.Convert(got.At(x, y))
			if g != color.NRGBAModel.Convert(w) {
				t.Fatalf("pixel (%d, %d) is %v, want %v", x, y, g, w)
			}
		}
	}
}
