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
	tensor    []float32 // of pictures that go through the network together
}

// predict labels images and writes one outcome for each.
func (w *predictWorker) predict(ctx context.Context, list []picture, out []Outcome) error {
	if err := w.begin(); err != nil {
		return err
	}
	images := max(1, len(w.tensor)/(w.p.views.Predict*w.transform.Len()))
	for first := 0; first < len(list); first += images {
		end := min(first+images, len(list))
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
			most := min(w.p.batch*w.p.views.Predict, features.PicturesThatFit(w.transform.Len()))
			w.tensor = make([]float32, most*w.transform.Len())
		}
	}
	return err
}

// block labels images whose views fill the buffer, or a single one with more views.
func (w *predictWorker) block(ctx context.Context, list []picture, out []Outcome) error {
	views, dim, size := w.p.views.Predict, w.p.net.Dim(), w.transform.Len()
	var read []int // the images that could be read
	rows := make([]float32, len(list)*views*dim)
	done, waiting := 0, 0 // rows that are there, and pictures in the buffer for the next ones
	compute := func() error {
		err := w.p.net.Features(ctx, w.tensor[:waiting*size], waiting, rows[done*dim:][:waiting*dim])
		var notFinite *backbone.NotFiniteError
		if errors.As(err, &notFinite) {
			for _, row := range notFinite.Rows {
				out[read[(done+row)/views]].Err = notFinite
				clear(rows[(done+row)*dim:][:dim])
			}
		} else if err != nil {
			return fmt.Errorf("features of an image: %w", err)
		}
		done, waiting = done+waiting, 0
		return nil
	}
	for i, picture := range list {
		before := done + waiting
		read = append(read, i)
		tensors, err := w.tensors(ctx, picture, views)
		for v := 0; v < views && err == nil; v++ {
			if waiting*size == len(w.tensor) {
				if err := compute(); err != nil {
					return err
				}
			}
			if err = tensors(w.tensor[waiting*size:][:size], v); err == nil {
				waiting++
			}
		}
		if err == nil {
			continue
		}
		if out[i].Err, err = fault(err); err != nil {
			return err
		}
		read = read[:len(read)-1]
		done, waiting = min(done, before), max(0, before-done)
	}
	if waiting > 0 {
		if err := compute(); err != nil {
			return err
		}
	}
	if len(read) == 0 {
		return nil
	}
	probs, err := w.p.probabilities(rows[:len(read)*views*dim], len(read))
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
	write, err := w.tensors(ctx, picture, 1)
	if err == nil {
		err = write(tensor, 0)
	}
	if err != nil {
		unreadable, err := fault(err)
		return nil, errors.Join(unreadable, err)
	}
	row := make([]float32, w.p.net.Dim())
	if err := w.p.net.Features(ctx, tensor, 1, row); err != nil {
		return nil, fmt.Errorf("features of an image: %w", err)
	}
	return row, nil
}

// tensors returns a function that writes the tensor of a view of an image to dst.
func (w *predictWorker) tensors(ctx context.Context, picture picture, views int) (func(dst []float32, view int) error, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if picture.image != nil && picture.image.Bounds().Empty() {
		return nil, &invalid.Error{Path: "image", Found: "a picture without pixels"}
	}
	w.transform.Stop = ctx.Err
	switch {
	case views > 1:
		whole, key, err := w.decode(picture)
		shown := features.ViewTensors{Plan: w.p.views.Plan, Side: w.p.network.Spec.Side()}
		return func(dst []float32, view int) error {
			return shown.Write(w.transform, preprocess.Target{Numbers: dst}, whole, view, key)
		}, err
	case picture.image != nil:
		return func(dst []float32, _ int) error { return w.transform.TensorOf(dst, picture.image) }, nil
	}
	return func(dst []float32, _ int) error { return w.transform.Tensor(dst, picture.file) }, nil
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
