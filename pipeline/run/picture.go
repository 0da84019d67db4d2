package run

import (
	"context"

	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/report"
)

// Pictures makes the pictures of pages from images. The zero value is ready; only one goroutine may use it at a time.
type Pictures struct {
	files       features.ImageReader
	thumbnailer report.Thumbnailer
}

// Of returns the picture of an item, or why there is none where that is the fault of the image. Other errors are failures
// of the machine or the end of ctx.
func (p *Pictures) Of(ctx context.Context, item dataset.Item) (picture []byte, missing string, err error) {
	data, err := p.files.Read(ctx, item)
	if err == nil {
		picture, err = p.thumbnailer.Thumbnail(data)
	}
	if err == nil {
		return picture, "", nil
	}
	reason, fault := features.Fault(err)
	if !fault {
		return nil, "", err
	}
	return nil, "no picture: " + reason.Error(), nil
}
