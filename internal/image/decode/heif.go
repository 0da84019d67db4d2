package decode

import (
	"errors"
	"fmt"
	"image"

	"finetune/internal/image/heif"
)

// sizeOfHEIF returns the size of the upright picture: the file's own turns are part of its decoding.
func sizeOfHEIF(data []byte) (width, height int, err error) {
	s, err := heif.Open(data)
	if err != nil {
		return 0, 0, convertible(err)
	}
	defer s.Close()
	return s.Width, s.Height, nil
}

func decodeHEIF(_ *Decoder, data []byte) (image.Image, error) {
	s, err := heif.Open(data)
	if err != nil {
		return nil, convertible(err)
	}
	defer s.Close()
	img, err := s.Decode()
	if err != nil {
		return nil, convertible(err)
	}
	return img, nil
}

// convertible adds instructions for a file that can't be read because libheif is missing or fails.
func convertible(err error) error {
	advice := "a newer one may read it (" + heif.EnvVar + " gives its path)"
	if errors.Is(err, heif.ErrNoLibrary) {
		advice = "install it (Debian and Ubuntu: apt install libheif1; macOS: brew install libheif)"
	}
	return fmt.Errorf("%w; %s, or convert the file: heif-convert -q 100 FILE FILE.jpg, "+
		"on macOS sips -s format jpeg FILE -o FILE.jpg", err, advice)
}
