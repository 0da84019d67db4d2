package preprocess

import (
	"image"
	"math"
)

// geometry returns the size to which a picture of w × h is resized, and the part of that which is the crop.
// s must have a size. Rounding is Python's and torchvision's: a half goes to the even number, and the longer side
// is truncated.
func (s Spec) geometry(w, h int) (size image.Point, crop image.Rectangle) {
	if s.Resize == Squash {
		return image.Pt(s.Width, s.Height), image.Rect(0, 0, s.Width, s.Height)
	}
	cover := s.Cover()
	if w*cover.Y <= h*cover.X { // narrower than what is to be covered, or of its shape
		size = image.Pt(cover.X, int(float64(cover.X)*float64(h)/float64(w)))
	} else {
		size = image.Pt(int(float64(cover.Y)*float64(w)/float64(h)), cover.Y)
	}
	x, y := roundHalfEven(float64(size.X-s.Width)/2), roundHalfEven(float64(size.Y-s.Height)/2)
	return size, image.Rect(x, y, x+s.Width, y+s.Height)
}

// Cover is the least size that a resized picture has with [Shorter]: one of its sides is equal to that of Cover, the other at least as
// long. s must have a size (see [Spec.Sized]).
func (s Spec) Cover() image.Point {
	return image.Pt(roundHalfEven(float64(s.Width)/s.CropPct), roundHalfEven(float64(s.Height)/s.CropPct))
}

func roundHalfEven(v float64) int { return int(math.RoundToEven(v)) }
