package decode

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"

	"golang.org/x/image/webp"

	"finetune/internal/image/bmp"
	"finetune/internal/image/jpeg"
	"finetune/internal/image/png"
	"finetune/internal/image/tiff"
)

// A Format is a kind of image file.
type Format string

// The formats that Decode reads.
const (
	JPEG Format = "JPEG"
	PNG  Format = "PNG"
	WebP Format = "WebP"
	GIF  Format = "GIF"
	BMP  Format = "BMP"
	TIFF Format = "TIFF"
	HEIC Format = "HEIC" // HEIC, HEIF and AVIF: where the system has libheif
	AVIF Format = "AVIF"
)

// A codec is how a format is read. decode returns a picture of the size; it is nil for JPEG.
type codec struct {
	size   func(data []byte) (width, height int, err error)
	decode func(d *Decoder, data []byte) (image.Image, error)
}

var codecs = map[Format]codec{
	JPEG: {sizeOfJPEG, nil},
	PNG:  {sizeOfPNG, func(d *Decoder, data []byte) (image.Image, error) { return d.png.Decode(data) }},
	WebP: {sizeOfWebP, func(d *Decoder, data []byte) (image.Image, error) { return webp.Decode(d.reader(openWebP(data))) }},
	GIF:  {sizeOfGIF, (*Decoder).decodeGIF},
	BMP:  {bmp.Size, func(_ *Decoder, data []byte) (image.Image, error) { return bmp.Decode(data) }},
	TIFF: {tiff.Size, func(d *Decoder, data []byte) (image.Image, error) { return d.tiff.Decode(data) }},
	HEIC: {sizeOfHEIF, decodeHEIF},
	AVIF: {sizeOfHEIF, decodeHEIF},
}

func sizeOfJPEG(data []byte) (width, height int, err error) {
	var d jpeg.Decoder
	return d.Size(data)
}

func sizeOfPNG(data []byte) (width, height int, err error) {
	h, err := png.ReadHeader(data)
	return h.Width, h.Height, err
}

func sizeOfWebP(data []byte) (width, height int, err error) {
	c, err := webp.DecodeConfig(openWebP(data))
	return c.Width, c.Height, err
}

func sizeOfGIF(data []byte) (width, height int, err error) {
	c, err := gif.DecodeConfig(openGIF(data))
	return c.Width, c.Height, err
}

// signatures are the first bytes of each format; ? matches any byte. Those without a format are kinds of files that often
// lie among images; the error names them.
var signatures = []struct {
	prefix string
	format Format
	name   string
}{
	{"\xff\xd8\xff", JPEG, ""},
	{"\x89PNG\r\n\x1a\n", PNG, ""},
	{"RIFF????WEBP", WebP, ""},
	{"GIF87a", GIF, ""},
	{"GIF89a", GIF, ""},
	{"BM", BMP, ""},
	{"II*\x00", TIFF, ""},
	{"MM\x00*", TIFF, ""},
	{"II+\x00", TIFF, ""}, // BigTIFF
	{"MM\x00+", TIFF, ""},
	{"????ftypavi", AVIF, ""},
	{"????ftyphe", HEIC, ""},
	{"????ftypmif", HEIC, ""},
	{"????ftypmsf", HEIC, ""},
	{"????ftyp", "", "a video"},
	{"\x00\x00\x00\x0cJXL ", "", "a JPEG XL image"},
	{"\xff\x0a", "", "a JPEG XL image"},
	{"\x00\x00\x00\x0cjP  ", "", "a JPEG 2000 image"},
	{"8BPS", "", "a Photoshop document"},
	{"%PDF", "", "a PDF document"},
	{"<svg", "", "an SVG drawing"},
	{"<!DOCTYPE html", "", "a web page"},
	{"<html", "", "a web page"},
	{"PK\x03\x04", "", "a ZIP archive"},
}

// Sniff returns the format of a file according to its first 16 bytes. The error wraps ErrFormat and describes what was
// found.
func Sniff(data []byte) (Format, error) {
	if len(data) == 0 {
		return "", fmt.Errorf("an empty file; %w", ErrFormat)
	}
	for _, s := range signatures {
		if !matches(data, s.prefix) {
			continue
		}
		if s.format == "" {
			return "", fmt.Errorf("%s; %w", s.name, ErrFormat)
		}
		return s.format, nil
	}
	if len(bytes.Trim(data, "\x00")) == 0 {
		return "", fmt.Errorf("%d bytes, all zero; %w", len(data), ErrFormat)
	}
	return "", fmt.Errorf("not an image (it begins with %q); %w", data[:min(len(data), 8)], ErrFormat)
}

func matches(data []byte, pattern string) bool {
	if len(data) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if pattern[i] != '?' && pattern[i] != data[i] {
			return false
		}
	}
	return true
}
