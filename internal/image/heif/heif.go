// Package heif decodes the primary picture of HEIC, HEIF and AVIF files with libheif where the system has it.
//
// No decoder of HEVC is built in: libde265, which Go packages have as WebAssembly too, is under the LGPL and takes nine
// seconds there for a 24-megapixel photo, and the format is subject to patents. libheif runs in this process, so that
// its faults are this process's; keep it up to date where files come from strangers. On systems other than Linux and macOS
// on amd64 and arm64 the library is never found.
//
// libheif repeats chroma samples where Pillow's reader of AVIF interpolates them, thus AVIF with subsampled chroma differs
// from Pillow at edges of colours. The orientation is that of the file's irot and imir boxes; EXIF and XMP are ignored, as
// the standard demands.
package heif

import (
	"errors"
	"image"
)

// EnvVar names the environment variable with the path of the library, where it isn't among the system's or another
// version is wanted: photos of recent phones need libheif 1.18.
const EnvVar = "HEIF_LIB"

// ErrNoLibrary means that libheif isn't on this system, or lacks a function that is needed.
var ErrNoLibrary = errors.New("libheif, which reads HEIC and AVIF, was not found on this system")

// A Source is an opened file. It must be closed.
type Source struct {
	Width, Height int // of the upright picture

	file *file
}

// Open reads the header of a file. data must not change until Close.
func Open(data []byte) (*Source, error) {
	f, err := openFile(data)
	if err != nil {
		return nil, err
	}
	w, h := f.size()
	return &Source{Width: w, Height: h, file: f}, nil
}

// Close frees the memory of libheif.
func (s *Source) Close() { s.file.close() }

// Decode returns the upright picture; every alpha is 255.
func (s *Source) Decode() (*image.NRGBA, error) {
	img := image.NewNRGBA(image.Rect(0, 0, s.Width, s.Height))
	if err := s.file.decode(img); err != nil {
		return nil, err
	}
	return img, nil
}
