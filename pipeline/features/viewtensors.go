package features

import (
	"image"

	"finetune/augment"
	"finetune/preprocess"
)

// ViewTensors makes the tensors of the views of one image.
type ViewTensors struct {
	Plan augment.Plan
	Side int // of the network's input; see augment.Reduce

	small *image.NRGBA // of which views are drawn, made for the first
}

// Write writes the tensor of a view of img to dst. content is the digest of the image's file.
func (s *ViewTensors) Write(t *preprocess.Transformer, dst preprocess.Target, img *image.NRGBA, view int, content [32]byte) error {
	switch {
	case view == 0:
		return t.WriteOf(dst, img, false)
	case s.Plan.Mirror(view):
		return t.WriteOf(dst, img, true)
	}
	if s.small == nil {
		s.small = augment.Reduce(img, s.Side)
	}
	return t.WriteOf(dst, s.Plan.View(s.small, view, content), false)
}
