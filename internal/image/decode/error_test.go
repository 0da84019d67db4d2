package decode

import (
	"context"
	"errors"
	"image"
	"strings"
	"testing"

	"finetune/internal/image/heif"
	"finetune/internal/image/imagetest"
)

func TestFaultsOfTheFile(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	cut := func(file string) []byte { data := golden.Read(t, file); return data[:len(data)/2] }
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("path,label"), "JPEG": cut("jpeg-420.jpg"), "PNG": cut("png-rgb.png"),
		"WebP": cut("webp-lossy.webp"), "GIF": cut("gif-palette.gif"), "BMP": cut("bmp-24bit.bmp"), "TIFF": cut("tiff-lzw.tif"),
		"HEIC": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
	} {
		var fault *Error
		if _, err := Decode(data, Limits{}); !errors.As(err, &fault) {
			t.Errorf("%s: %v is no Error", name, err)
		}
		if _, _, err := Size(data, Limits{MaxPixels: 1}); !errors.As(err, &fault) {
			t.Errorf("size of %s: %v is no Error", name, err)
		}
	}
}

// TestStop stops before each of the calls of Stop in turn.
func TestStop(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	for _, file := range []string{"jpeg-420.jpg", "jpeg-progressive.jpg", "png-interlaced.png", "webp-lossless.webp",
		"gif-palette.gif", "bmp-24bit.bmp", "tiff-tiled.tif", "jpeg-orientation-6.jpg"} {
		data := golden.Read(t, file)
		calls, last := 0, -1
		d := Decoder{Stop: func() error {
			if calls++; last >= 0 && calls > last {
				return context.Canceled
			}
			return nil
		}}
		if _, err := d.Decode(data); err != nil || calls < 1 {
			t.Fatalf("%s: %d calls, %v", file, calls, err)
		}
		for last = range calls {
			calls = 0
			var fault *Error
			if _, err := d.Decode(data); !errors.Is(err, context.Canceled) || errors.As(err, &fault) {
				t.Fatalf("%s, stopped after %d calls: %v", file, last, err)
			}
		}
		calls, last = 0, -1
		if _, err := d.Decode(data); err != nil {
			t.Errorf("%s, after it was stopped: %v", file, err)
		}
	}
}

func TestPanicIsAnError(t *testing.T) {
	real := codecs[BMP]
	defer func() { codecs[BMP] = real }()
	data := imagetest.Load(t, testdata).Read(t, "bmp-24bit.bmp")

	codecs[BMP] = codec{real.size, func(*Decoder, []byte) (image.Image, error) { panic("in the decoder") }}
	expectPanic(t, data, "in the decoder")
	codecs[BMP] = codec{func([]byte) (int, int, error) { panic("in the header") }, real.decode}
	expectPanic(t, data, "in the header")
	if _, _, err := Size(data, Limits{}); err == nil {
		t.Error("Size: no error")
	}
	// A picture whose pixels are missing panics when its rows are read.
	codecs[BMP] = codec{real.size, func(*Decoder, []byte) (image.Image, error) {
		return &image.NRGBA{Rect: image.Rect(0, 0, 73, 55), Stride: 4 * 73}, nil
	}}
	expectPanic(t, data, "out of range")
}

func expectPanic(t *testing.T, data []byte, text string) {
	t.Helper()
	var fault *Error
	if _, err := Decode(data, Limits{}); !errors.As(err, &fault) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want one with %q", err, text)
	}
}

// TestBudget: a small file must not make anybody allocate much or work long.
func TestBudget(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	data := golden.Read(t, "jpeg-progressive.jpg")
	last := strings.LastIndex(string(data), "\xff\xda")
	scan := string(data[last : len(data)-2])
	many := string(data[:len(data)-2]) + strings.Repeat(scan, 200) + "\xff\xd9"
	if _, err := Decode([]byte(many), Limits{MaxPixels: 73 * 55}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("200 scans: %v", err)
	}
	// Of a picture that small they are read, and found to be damaged: none is there twice.
	if _, err := Decode([]byte(many), Limits{}); err == nil || errors.Is(err, ErrTooLarge) {
		t.Errorf("200 scans with room for larger pictures: %v", err)
	}
}

func TestConvertible(t *testing.T) {
	for err, text := range map[error]string{
		heif.ErrNoLibrary:         "install it",
		errors.New("libheif 1.0"): heif.EnvVar,
	} {
		got := convertible(err)
		if !errors.Is(got, err) || !strings.Contains(got.Error(), text) || !strings.Contains(got.Error(), "heif-convert") {
			t.Errorf("%v", got)
		}
	}
}
