package png

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"testing"

	"finetune/internal/image/depth"
	"finetune/internal/image/imagetest"
)

// Pixels of real files are compared with Pillow's in package decode. Here image/png is the reference.

// plain returns the colours of a picture as this package gives them: the high byte of each sample, no alpha.
func plain(img image.Image, x, y int) [3]uint8 {
	switch c := img.At(x, y).(type) {
	case color.NRGBA64:
		return [3]uint8{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8)}
	case color.NRGBA:
		return [3]uint8{c.R, c.G, c.B}
	default:
		r, g, b, _ := c.RGBA()
		return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
	}
}

func same(t *testing.T, name string, got, want image.Image) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%s: %v, want %v", name, got.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			if g, w := plain(got, x, y), plain(want, x, y); g != w {
				t.Fatalf("%s: pixel (%d, %d) is %v, want %v", name, x, y, g, w)
			}
		}
	}
}

func decoder() *Decoder { return &Decoder{Depth: new(depth.Reducer)} }

// pictures are noise of every kind that image/png writes, without transparency, which that drops colours for.
func pictures(r *rand.Rand, w, h int) map[string]image.Image {
	bounds := image.Rect(0, 0, w, h)
	grey, grey16 := image.NewGray(bounds), image.NewGray16(bounds)
	rgb, rgb64, alpha := image.NewNRGBA(bounds), image.NewNRGBA64(bounds), image.NewNRGBA(bounds)
	all := map[string]image.Image{"grey": grey, "grey 16": grey16, "rgb": rgb, "rgb 16": rgb64, "alpha": alpha}
	for _, pix := range [][]byte{grey.Pix, grey16.Pix, rgb.Pix, rgb64.Pix, alpha.Pix} {
		for i := range pix {
			pix[i] = uint8(r.Uint32())
			if r.IntN(3) > 0 && i >= 8 { // so that filters are used
				pix[i] = pix[i-8] + uint8(r.IntN(3))
			}
		}
	}
	for i := 3; i < len(rgb.Pix); i += 4 {
		rgb.Pix[i], alpha.Pix[i] = 255, alpha.Pix[i]|1
		rgb64.Pix[2*i], rgb64.Pix[2*i+1] = 255, 255
	}
	for _, colours := range []int{2, 4, 16, 200} {
		p := image.NewPaletted(bounds, nil)
		for range colours {
			p.Palette = append(p.Palette, color.NRGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
		}
		for i := range p.Pix {
			p.Pix[i] = uint8(r.IntN(colours))
		}
		all["palette"+string(rune('0'+len(all)))] = p
	}
	return all
}

func TestAgainstStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := decoder()
	for _, size := range [][2]int{{1, 1}, {3, 2}, {17, 9}, {64, 33}, {257, 3}} {
		for name, img := range pictures(r, size[0], size[1]) {
			for _, level := range []png.CompressionLevel{png.DefaultCompression, png.NoCompression} {
				var data bytes.Buffer
				if err := (&png.Encoder{CompressionLevel: level}).Encode(&data, img); err != nil {
					t.Fatal(err)
				}
				got, err := d.Decode(data.Bytes())
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				same(t, name, got, img)
			}
		}
	}
}

func files(t testing.TB) map[string][]byte {
	t.Helper()
	return imagetest.Files(t, ".png", 8)
}

func TestCutOffAnywhere(t *testing.T) {
	all := files(t)
	d := decoder()
	for _, name := range []string{"png-1bit.png", "png-palette-4bit.png", "one-pixel.png"} {
		data := all[name]
		end := bytes.LastIndex(data, []byte("IDAT"))
		length := int(data[end-3])<<16 | int(data[end-2])<<8 | int(data[end-1])
		for n := range end + 4 + length - 12 { // the last bytes are checksums, and may be no pixels
			if _, err := d.Decode(data[:n]); err == nil {
				t.Fatalf("%s: no error for %d of %d bytes", name, n, len(data))
			}
		}
	}
	data := all["png-rgb.png"]
	if _, err := d.Decode(data[:len(data)/2]); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the first half: %v", err)
	}
}

func TestHeaders(t *testing.T) {
	good := files(t)["png-rgb.png"]
	if h, err := ReadHeader(good); err != nil || h.Width != 73 || h.Height != 55 || h.Depth != 8 {
		t.Errorf("%+v, %v", h, err)
	}
	for at, value := range map[int]byte{16: 0xff, 24: 3, 25: 1, 26: 1, 27: 1, 28: 2} {
		data := bytes.Clone(good)
		data[at] = value
		if _, err := ReadHeader(data); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d = %d: %v", at, value, err)
		}
	}
}

func TestStop(t *testing.T) {
	for name, data := range map[string][]byte{"rows": files(t)["png-rgb.png"], "passes": files(t)["png-interlaced.png"]} {
		calls, enough := 0, errors.New("enough")
		d := decoder()
		d.Stop = func() error {
			if calls++; calls > 5 {
				return enough
			}
			return nil
		}
		if _, err := d.Decode(data); !errors.Is(err, enough) || calls != 6 {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

// FuzzAgainstStandard: what image/png reads is read the same here. It may refuse more.
func FuzzAgainstStandard(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || int64(h.Width)*int64(h.Height) > 1<<16 {
			return
		}
		_, _ = Metadata(data)
		got, err := decoder().Decode(data)
		want, standardErr := png.Decode(bytes.NewReader(data))
		if standardErr != nil {
			return
		}
		if err != nil {
			t.Fatalf("%v; image/png reads it", err)
		}
		if _, transparent := want.(*image.Paletted); !transparent { // a transparent entry is black there
			if n, ok := want.(interface{ Opaque() bool }); ok && n.Opaque() {
				same(t, "fuzzed", got, want)
			}
		}
	})
}
