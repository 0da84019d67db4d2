package features

import (
	"context"
	"fmt"

	"finetune/pipeline/dataset"
	"finetune/preprocess"
)

// whiteSample is the number of images that are looked at for their range of values.
const whiteSample = 200

// noteWhite notes images of 16 bits a sample whose values fill only a part of that range, as those of X-ray, microscope and depth
// cameras do: they would be nearly black. It looks at some images spread over the data; for those of 8 bits at their headers only.
func noteWhite(ctx context.Context, x *Extractor, items []dataset.Item) error {
	if x.Net.Spec.White != 0 {
		return nil
	}
	transform, err := x.Net.Transformer()
	if err != nil {
		return err
	}
	transform.Stop = ctx.Err
	var files ImageReader
	largest := 0
	step := max(1, len(items)/whiteSample)
	for i := 0; i < len(items); i += step {
		data, err := files.Read(ctx, items[i])
		if err != nil {
			continue // the extraction says what is wrong with it
		}
		if sample, err := transform.LargestSample(data); err == nil && sample > 0 {
			largest = max(largest, sample)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if largest == 0 && i > whiteSample/10*step {
			return nil // none of the first has 16 bits: few data sets mix them
		}
	}
	x.warnOfWhite(largest)
	return nil
}

// warnOfWhite warns where the largest sample of images of 16 bits, 0 where none was seen, shows that they fill only a part of the range.
func (x *Extractor) warnOfWhite(largest int) {
	if white := preprocess.White(largest); largest > 0 && white != 0 {
		x.progress.Note(fmt.Sprintf("warning: images with 16 bits a sample have values up to %d only, so they are nearly black; "+
			"give {Images.Overrides.White} %d when training", largest, white))
	}
}

// A whiteWatch does what noteWhite does, but for a stream: it looks at the first images.
type whiteWatch struct {
	largest int
	warned  bool
}

// see takes a block, and warns once the first images have come.
func (s *whiteWatch) see(x *Extractor, b Block) {
	if s.largest = max(s.largest, b.largest); b.First+len(b.Items) >= whiteSample {
		s.end(x)
	}
}

func (s *whiteWatch) end(x *Extractor) {
	if !s.warned {
		s.warned = true
		x.warnOfWhite(s.largest)
	}
}

// deepest returns the largest sample of an image of 16 bits, else 0.
func (w *Worker) deepest(ctx context.Context, data []byte) int {
	if w.white == nil {
		var err error
		if w.white, err = w.x.Net.Transformer(); err != nil {
			return 0 // the extraction says what is wrong
		}
	}
	w.white.Stop = ctx.Err
	largest, err := w.white.LargestSample(data)
	if err != nil {
		return 0
	}
	return largest
}
