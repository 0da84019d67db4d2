package preprocess

import (
	"image"
	"testing"
)

// Expected values are torchvision's, Resize(round(S / crop_pct)) and CenterCrop(S), where the crop is square.
func TestGeometry(t *testing.T) {
	spec := func(h, w int, pct float64, r Resize) Spec {
		s := Default()
		s.Height, s.Width, s.CropPct, s.Resize = h, w, pct, r
		return s
	}
	for _, c := range []struct {
		spec Spec
		w, h int
		size image.Point
		crop image.Rectangle
	}{
		{spec(224, 224, 0.875, Shorter), 640, 480, image.Pt(341, 256), image.Rect(58, 16, 282, 240)}, // 58.5 → 58
		{spec(224, 224, 0.875, Shorter), 480, 640, image.Pt(256, 341), image.Rect(16, 58, 240, 282)},
		{spec(224, 224, 0.875, Shorter), 4000, 2999, image.Pt(341, 256), image.Rect(58, 16, 282, 240)},
		{spec(224, 224, 0.875, Shorter), 200, 200, image.Pt(256, 256), image.Rect(16, 16, 240, 240)},
		{spec(224, 224, 0.875, Shorter), 1, 1, image.Pt(256, 256), image.Rect(16, 16, 240, 240)},
		{spec(224, 224, 0.875, Shorter), 3, 1000, image.Pt(256, 85333), image.Rect(16, 42554, 240, 42778)}, // 42554.5
		{spec(224, 224, 1, Shorter), 300, 225, image.Pt(298, 224), image.Rect(37, 0, 261, 224)},
		{spec(299, 299, 0.9, Shorter), 500, 400, image.Pt(415, 332), image.Rect(58, 16, 357, 315)}, // 16.5 → 16
		{spec(224, 224, 0.875, Squash), 640, 480, image.Pt(224, 224), image.Rect(0, 0, 224, 224)},
		// Not square: the picture covers 128 × 256 (height × width).
		{spec(112, 224, 0.875, Shorter), 200, 200, image.Pt(256, 256), image.Rect(16, 72, 240, 184)},
		{spec(112, 224, 0.875, Shorter), 400, 100, image.Pt(512, 128), image.Rect(144, 8, 368, 120)},
	} {
		size, crop := c.spec.geometry(c.w, c.h)
		if size != c.size || crop != c.crop {
			t.Errorf("%d × %d with %v: %v %v, want %v %v", c.w, c.h, c.spec, size, crop, c.size, c.crop)
		}
	}
}

func TestCropIsAlwaysInside(t *testing.T) {
	for _, pct := range []float64{0.01, 0.33, 0.875, 0.9, 0.965, 1} {
		for _, size := range [][2]int{{1, 1}, {7, 224}, {224, 224}, {4096, 1}} {
			s := Default()
			s.Height, s.Width, s.CropPct = size[0], size[1], pct
			for w := 1; w < 5000; w = w*3/2 + 1 {
				for h := 1; h < 5000; h = h*3/2 + 1 {
					if resized, crop := s.geometry(w, h); !crop.In(image.Rectangle{Max: resized}) ||
						crop.Dx() != s.Width || crop.Dy() != s.Height {
						t.Fatalf("%d × %d with %v: %v of %v", w, h, s, crop, resized)
					}
				}
			}
		}
	}
}
