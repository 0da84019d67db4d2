package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"

	"finetune/internal/image/imagetest"
)

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		data string
		want Format
		err  string // part of the error
	}{
		{"\xff\xd8\xff\xe0", JPEG, ""},
		{"\x89PNG\r\n\x1a\n", PNG, ""},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", WebP, ""},
		{"RIFF\x00\x00\x00\x00WAVEfmt ", "", "not an image"},
		{"GIF89a", GIF, ""},
		{"BM", BMP, ""},
		{"II*\x00", TIFF, ""},
		{"MM\x00*", TIFF, ""},
		{"", "", "an empty file"},
		{"II+\x00", TIFF, ""},
		{"MM\x00+", TIFF, ""},
		{"\x00\x00\x00\x18ftypheic", HEIC, ""},
		{"\x00\x00\x00\x18ftypmif1", HEIC, ""},
		{"\x00\x00\x00\x18ftypavif", AVIF, ""},
		{"\x00\x00\x00\x18ftypisom", "", "a video"},
		{"%PDF-1.4", "", "a PDF document"},
		{"path,label\n", "", `it begins with "path,lab"`},
		{strings.Repeat("\x00", 4096), "", "4096 bytes, all zero"},
	} {
		got, err := Sniff([]byte(c.data))
		if got != c.want || (err == nil) != (c.err == "") {
			t.Errorf("Sniff(%.20q) = %q, %v, want %q", c.data, got, err, c.want)
		}
		if err != nil && (!errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("Sniff(%.20q): error %q, want ErrFormat with %q", c.data, err, c.err)
		}
	}
}

func TestLimits(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	for _, file := range []string{"jpeg-420.jpg", "png-rgb.png", "webp-lossy.webp", "gif-palette.gif", "bmp-24bit.bmp", "tiff-lzw.tif"} {
		data := golden.Read(t, file)
		const pixels = 73 * 55
		if _, err := Decode(data, Limits{MaxPixels: pixels, MaxBytes: int64(len(data))}); err != nil {
			t.Errorf("%s at the limits: %v", file, err)
		}
		for _, l := range []Limits{{MaxPixels: pixels - 1}, {MaxBytes: int64(len(data)) - 1}} {
			if _, err := Decode(data, l); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s with %+v: error %v, want ErrTooLarge", file, l, err)
			}
		}
	}
}

func TestHeaderOfAHugeImage(t *testing.T) {
	// A PNG of 33 bytes that is billions of pixels large, or 100 million wide, must not make anybody allocate that.
	for _, size := range []string{"\x00\x00\xff\xff\x00\x00\xff\xff", "\x06\x00\x00\x00\x00\x00\x00\x01", "\x00\x00\x00\x01\x06\x00\x00\x00"} {
		header := "IHDR" + size + "\x08\x02\x00\x00\x00"
		data := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"+header), crc32.ChecksumIEEE([]byte(header)))
		if _, err := Decode(data, Limits{}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%q: %v", size, err)
		}
	}
}

func TestCutOff(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	for _, file := range []string{"jpeg-420.jpg", "jpeg-progressive.jpg", "png-rgb.png", "webp-lossy.webp",
		"webp-lossless.webp", "gif-palette.gif", "bmp-24bit.bmp", "tiff-lzw.tif", "tiff-cmyk.tif"} {
		data := golden.Read(t, file)
		for _, part := range []int{20, len(data) / 2} {
			if _, err := Decode(data[:part], Limits{}); err == nil {
				t.Errorf("%s: no error for the first %d of %d bytes", file, part, len(data))
			}
		}
	}
	data := golden.Read(t, "jpeg-420.jpg")
	_, err := Decode(data[:len(data)-2], Limits{})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "JPEG image that is cut off") {
		t.Errorf("a JPEG without end marker: %v", err)
	}
}

func TestBrokenOrientationIsNoError(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	data := golden.Read(t, "jpeg-orientation-6.jpg")
	at := bytes.Index(data, []byte("Exif\x00\x00"))
	for i := at; i < at+32; i++ { // each byte of the directory broken in turn
		for _, v := range []byte{0, 0x7f, 0xff} {
			broken := bytes.Clone(data)
			broken[i] = v
			if _, err := Decode(broken, Limits{}); err != nil {
				t.Errorf("byte %d = %#x: %v", i-at, v, err)
			}
		}
	}
}

func TestPictureIsValidUntilTheNext(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	var d Decoder
	large, err := d.Decode(golden.Read(t, "jpeg-orientation-6.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.Decode(golden.Read(t, "jpeg-orientation-5.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if &large.Pix[0] != &again.Pix[0] {
		t.Error("the buffer was not used again")
	}
}

func TestToNRGBA(t *testing.T) {
	straight := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	copy(straight.Pix, []byte{10, 20, 30, 255, 40, 50, 60, 255})
	if got := ToNRGBA(straight); got != straight {
		t.Error("an opaque picture must be returned itself")
	}
	pictures := map[string]image.Image{
		"alpha":  &image.NRGBA{Pix: []byte{10, 20, 30, 0, 40, 50, 60, 128}, Stride: 8, Rect: straight.Rect},
		"moved":  &image.NRGBA{Pix: straight.Pix, Stride: 8, Rect: image.Rect(5, 7, 7, 8)},
		"colour": at{straight},
	}
	for name, img := range pictures {
		got := ToNRGBA(img)
		if got.Rect != straight.Rect || !bytes.Equal(got.Pix, straight.Pix) {
			t.Errorf("%s: %v %v", name, got.Rect, got.Pix)
		}
	}
	grey := ToNRGBA(&image.YCbCr{Y: []byte{77}, Cb: []byte{128}, Cr: []byte{128}, YStride: 1, CStride: 1, Rect: image.Rect(0, 0, 1, 1)})
	if !bytes.Equal(grey.Pix, []byte{77, 77, 77, 255}) {
		t.Errorf("YCbCr: %v", grey.Pix)
	}
}

// at hides what an image is, as a type from elsewhere would.
type at struct{ img image.Image }

func (a at) ColorModel() color.Model { return a.img.ColorModel() }
func (a at) Bounds() image.Rectangle { return a.img.Bounds() }
func (a at) At(x, y int) color.Color { return a.img.At(x, y) }

func TestWholeRangeOfPremultiplied(t *testing.T) {
	row := make([]byte, 4)
	rowOfRGBA(row, []byte{100, 50, 0, 100}, 1)
	if !bytes.Equal(row, []byte{255, 127, 0, 255}) {
		t.Errorf("got %v", row)
	}
}

func FuzzDecode(f *testing.F) {
	golden := imagetest.Load(f, testdata)
	for _, g := range golden.Images {
		if data := golden.Read(f, g.File); len(data) < 12_000 {
			f.Add(data)
		}
	}
	for _, k := range kinds(f) {
		f.Add(k.read(f))
	}
	limits := Limits{MaxPixels: 1 << 18, MaxBytes: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Decode(data, limits)
		if err != nil {
			return
		}
		w, h := img.Rect.Dx(), img.Rect.Dy()
		if img.Rect.Min != (image.Point{}) || w <= 0 || h <= 0 || len(img.Pix) != 4*w*h || !img.Opaque() {
			t.Fatalf("a picture of %v with %d bytes", img.Rect, len(img.Pix))
		}
		if w*h < 1<<12 {
			if err := png.Encode(io.Discard, img); err != nil {
				t.Fatal(err)
			}
		}
	})
}
