package run

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"

	"finetune/backbone"
	"finetune/internal/image/decode"
	"finetune/internal/store/featurestore"
	"finetune/invalid"
	"finetune/pipeline/features"
	"finetune/preprocess"
)

// A picture is the bytes of an image file, or a decoded image.
type picture struct {
	file  []byte
	image image.Image
}

// A predictWorker is what one call at a time uses: a transformer and buffers.
type predictWorker struct {
	p         *Predictor
	transform *preprocess.Transformer
	tensor    []float32 // of the views of up to p.batch images
}

// predict labels images and writes one outcome for each.
func (w *predictWorker) predict(ctx context.Context, list []picture, out []Outcome) error {
	if err := w.begin(); err != nil {
		return err
	}
	for first := 0; first < len(list); first += w.p.batch {
		end := min(first+w.p.batch, len(list))
		if err := w.block(ctx, list[first:end], out[first:end]); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the transformer and the buffer when they are first needed.
func (w *predictWorker) begin() (err error) {
	if w.transform == nil {
		if w.transform, err = w.p.network.Transformer(); err == nil {
			w.tensor = make([]float32, w.p.batch*w.size())
		}
	}
	return err
}

// size is the length of the tensor of an image's views.
func (w *predictWorker) size() int { return w.p.views.Predict * w.transform.Len() }

func (w *predictWorker) block(ctx context.Context, list []picture, out []Outcome) error {
	var read []int // the images whose tensors are in the buffer
	for i, picture := range list {
		err := w.prepare(ctx, w.tensor[len(read)*w.size():][:w.size()], picture, w.p.views.Predict)
		if err == nil {
			read = append(read, i)
		} else if out[i].Err, err = fault(err); err != nil {
			return err
		}
	}
	if len(read) == 0 {
		return nil
	}
	views := w.p.views.Predict
	rows := make([]float32, len(read)*views*w.p.net.Dim())
	err := w.p.net.Features(ctx, w.tensor[:len(read)*w.size()], len(read)*views, rows)
	var notFinite *backbone.NotFiniteError
	if errors.As(err, &notFinite) {
		for _, row := range notFinite.Rows {
			out[read[row/views]].Err = notFinite
			clear(rows[row*w.p.net.Dim():][:w.p.net.Dim()])
		}
	} else if err != nil {
		return fmt.Errorf("features of an image: %w", err)
	}
	probs, err := w.p.probabilities(rows, len(read))
	if err != nil {
		return err
	}
	k := w.p.head.Space().Len()
	for i, item := range read {
		if out[item].Err == nil {
			out[item].Prediction = NewPrediction(w.p.head, probs[i*k:(i+1)*k])
		}
	}
	return nil
}

// features returns the features of an image itself.
func (w *predictWorker) features(ctx context.Context, picture picture) ([]float32, error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	tensor := w.tensor[:w.transform.Len()]
	if err := w.prepare(ctx, tensor, picture, 1); err != nil {
		unreadable, err := fault(err)
		return nil, errors.Join(unreadable, err)
	}
	row := make([]float32, w.p.net.Dim())
	if err := w.p.net.Features(ctx, tensor, 1, row); err != nil {
		return nil, fmt.Errorf("features of an image: %w", err)
	}
	return row, nil
}

// prepare writes the tensors of the first views of an image to dst.
func (w *predictWorker) prepare(ctx context.Context, dst []float32, picture picture, views int) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if picture.image != nil && picture.image.Bounds().Empty() {
		return &invalid.Error{Path: "image", Found: "a picture without pixels"}
	}
	w.transform.Stop = ctx.Err
	switch {
	case views > 1:
		return w.prepareViews(dst, picture, views)
	case picture.image != nil:
		return w.transform.TensorOf(dst, picture.image)
	}
	return w.transform.Tensor(dst, picture.file)
}

func (w *predictWorker) prepareViews(dst []float32, picture picture, views int) error {
	whole, key, err := w.decode(picture)
	if err != nil {
		return err
	}
	size := w.transform.Len()
	shown := features.ViewTensors{Plan: w.p.views.Plan, Side: w.p.network.Spec.Side()}
	for v := range views {
		if err := shown.Write(w.transform, dst[v*size:][:size], whole, v, key); err != nil {
			return err
		}
	}
	return nil
}

// decode returns an image and the key from which its views are drawn.
func (w *predictWorker) decode(picture picture) (*image.NRGBA, featurestore.Key, error) {
	if picture.image == nil {
		whole, err := w.transform.Decode(picture.file)
		return whole, featurestore.KeyOf(picture.file), err
	}
	whole := decode.ToNRGBA(picture.image)
	return whole, sha256.Sum256(whole.Pix), nil
}

// fault returns why an image is at fault for an error, as an *invalid.Error, or else the failure.
func fault(err error) (unreadable, failure error) {
	reason, ok := features.Fault(err)
	if !ok {
		return nil, err
	}
	return &invalid.Error{Path: "image", Found: "can't be read", Err: reason,
		Want: "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"}, nil
}
