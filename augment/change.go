package augment

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"github.com/disintegration/imaging"
)

// The ranges of the augmentations.
const (
	leastWindow = 0.8  // of each side, kept by a crop
	mostZoom    = 1.25 // its inverse is the least
	brightness  = 10.0 // percent of white, added
	contrast    = 20.0 // percent
	saturation  = 25.0 // percent
)

// between draws from the uniform distribution over lo to hi.
func between(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

// part returns a share of a side in pixels, at least one.
func part(side int, share float64) int { return max(1, int(math.Round(float64(side)*share))) }

// crop returns a random window with the aspect ratio of the image.
func crop(img *image.NRGBA, r *rand.Rand) *image.NRGBA {
	return imaging.Crop(img, window(img.Rect, r))
}

// window draws the window of a crop.
func window(of image.Rectangle, r *rand.Rand) image.Rectangle {
	share := between(r, leastWindow, 1)
	w, h := part(of.Dx(), share), part(of.Dy(), share)
	x, y := of.Min.X+r.IntN(of.Dx()-w+1), of.Min.Y+r.IntN(of.Dy()-h+1)
	return image.Rect(x, y, x+w, y+h)
}

// rescale crops the image about its centre or pads it with its mean colour, so that it appears larger or smaller.
// Nothing is resampled here, since the result is resized for the network anyway.
func rescale(img *image.NRGBA, r *rand.Rand) *image.NRGBA {
	frame := math.Exp(between(r, -math.Log(mostZoom), math.Log(mostZoom))) // relative to the image
	w, h := part(img.Rect.Dx(), frame), part(img.Rect.Dy(), frame)
	if frame <= 1 {
		return imaging.CropCenter(img, w, h)
	}
	return imaging.PasteCenter(imaging.New(w, h, meanColour(img)), img)
}

// recolour changes brightness, contrast and saturation.
func recolour(img *image.NRGBA, r *rand.Rand) *image.NRGBA {
	img = imaging.AdjustBrightness(img, between(r, -brightness, brightness))
	img = imaging.AdjustContrast(img, between(r, -contrast, contrast))
	return imaging.AdjustSaturation(img, between(r, -saturation, saturation))
}

// meanColour is the mean of each channel, without alpha.
func meanColour(img *image.NRGBA) color.NRGBA {
	var sum [3]uint64
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		from := img.PixOffset(img.Rect.Min.X, y)
		row := img.Pix[from : from+4*img.Rect.Dx()]
		for i := 0; i < len(row); i += 4 {
			sum[0] += uint64(row[i])
			sum[1] += uint64(row[i+1])
			sum[2] += uint64(row[i+2])
		}
	}
	n := uint64(img.Rect.Dx() * img.Rect.Dy())
	mean := func(c int) uint8 { return uint8((sum[c] + n/2) / n) }
	return color.NRGBA{mean(0), mean(1), mean(2), 255}
}

// Reduce returns img downsampled by the largest whole factor that keeps the shorter side at twice side or more, or
// img itself where that is 1. Views of the result cost less and, resized to side, look the same.
func Reduce(img *image.NRGBA, side int) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	times := min(w, h) / (2 * max(side, 1))
	if times < 2 {
		return img
	}
	return imaging.Resize(img, w/times, h/times, imaging.Box)
}
