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
	largest, found := 0, 0
	step := max(1, len(items)/whiteSample)
	for i := 0; i < len(items); i += step {
		data, err := files.Read(ctx, items[i])
		if err != nil {
			continue // the extraction says what is wrong with it
		}
		if sample, err := transform.LargestSample(data); err == nil && sample > 0 {
			largest, found = max(largest, sample), found+1
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if found == 0 && i > whiteSample/10*step {
			return nil // none of the first has 16 bits: few data sets mix them
		}
	}
	if white := preprocess.White(largest); found > 0 && white != 0 {
		x.progress.Note(fmt.Sprintf("warning: images with 16 bits a sample have values up to %d only, so they are nearly black; give {Images.Overrides.White} %d",
			largest, white))
	}
	return nil
}
