package decode

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
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
)

// A codec is how a format other than JPEG is read. open may present the bytes differently where the decoder, as it is, would
// refuse a file that is fine or lose something of it.
type codec struct {
	open   func(data []byte) io.Reader
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var codecs = map[Format]codec{
	PNG:  {reader, png.DecodeConfig, png.Decode},
	WebP: {openWebP, webp.DecodeConfig, webp.Decode},
	GIF:  {openGIF, gif.DecodeConfig, gif.Decode},
	BMP:  {reader, bmp.DecodeConfig, bmp.Decode},
	TIFF: {openTIFF, tiff.DecodeConfig, tiff.Decode},
}

// signatures are the first bytes of each format, ? standing for any byte. The ones without a format are kinds of
// file that people take for readable images; the error calls them by their name.
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
	{"????ftypavif", "", "an AVIF image"},
	{"????ftyphe", "", "a HEIC image"},
	{"????ftypmif1", "", "a HEIF image"},
	{"????ftyp", "", "a video"},
	{"\x00\x00\x00\x0cJXL ", "", "a JPEG XL image"},
	{"\xff\x0a", "", "a JPEG XL image"},
	{"\x00\x00\x00\x0cjP  ", "", "a JPEG 2000 image"},
	{"II+\x00", "", "a BigTIFF image"},
	{"MM\x00+", "", "a BigTIFF image"},
	{"8BPS", "", "a Photoshop document"},
	{"%PDF", "", "a PDF document"},
	{"<svg", "", "an SVG drawing"},
	{"<!DOCTYPE html", "", "a web page"},
	{"<html", "", "a web page"},
	{"PK\x03\x04", "", "a ZIP archive"},
}

// Sniff tells the format of a file from its first 16 bytes. The error wraps ErrFormat and says what was found.
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
