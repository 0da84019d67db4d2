package run

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"

	"golang.org/x/sync/errgroup"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/cores"
	"finetune/pipeline/crossval"
	"finetune/pipeline/features"
	"finetune/preprocess"
)

// ErrClosed is the error of a Predictor that was closed.
var ErrClosed = errors.New("the predictor is closed")

// predictBatch is how many images of a call go through the network at once.
const predictBatch = 8

// PredictorOptions say how a Predictor works. The zero value predicts as the run was measured, on all cores.
type PredictorOptions struct {
	// Images says where the network is and what runs it: Backbone, Library, Device, DeviceOptions and Batch. Tap and
	// preprocessing are the run's; the feature cache isn't used.
	Images  features.Images
	TTA     int // views of an image that a prediction is the mean of, features.AllViews, or 0: as the run was measured
	Workers int // images that are decoded and go through the network at a time; 0: one for each core
}

// A Predictor labels images in memory, with the answers of the command predict. It is safe for use by several goroutines;
// calls beyond the number of workers wait. Close frees the network.
type Predictor struct {
	head    *head.Head
	views   features.ViewConfig
	network *features.Network
	net     *backbone.Backbone
	batch   int

	idle      chan *predictWorker // all workers are in it while no call is under way
	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
}

// Predictor starts the run's network. What the user can correct, such as a network that isn't found, is an
// *invalid.Error.
func (r *Run) Predictor(o PredictorOptions) (*Predictor, error) {
	views, err := r.views(o.TTA)
	if err != nil {
		return nil, err
	}
	if err := o.Images.Check(); err != nil {
		return nil, err
	}
	network, err := r.OpenNetwork(&o.Images)
	if err != nil {
		return nil, err
	}
	net, err := network.Start()
	if err == nil && net.Dim() != r.Head.Inputs() {
		err = fmt.Errorf("%s: the network gives %d features, the head takes %d", r.Folder, net.Dim(), r.Head.Inputs())
	}
	if err != nil {
		network.Close()
		return nil, err
	}
	p := &Predictor{head: r.Head, views: views, network: network, net: net, batch: o.Images.Batch}
	if p.batch == 0 {
		p.batch = predictBatch
	}
	p.closing = make(chan struct{})
	numbers := 3 * network.Spec.Height * network.Spec.Width
	p.idle = make(chan *predictWorker, features.WorkersThatFit(cores.Of(o.Workers), min(p.batch, features.PicturesThatFit(numbers)), numbers))
	for range cap(p.idle) {
		p.idle <- &predictWorker{p: p}
	}
	return p, nil
}

// Close waits for calls that are under way and frees the network. Later calls give ErrClosed. A second Close does
// nothing.
func (p *Predictor) Close() error {
	p.closeOnce.Do(func() {
		close(p.closing)
		for range cap(p.idle) {
			<-p.idle
		}
		p.closeErr = p.network.Close()
	})
	return p.closeErr
}

// Views is how many views of an image a prediction is the mean of.
func (p *Predictor) Views() features.ViewConfig { return p.views }

// Predict labels the image in the bytes of a file: JPEG, PNG, WebP, GIF, BMP or TIFF. Bytes that are no image are an
// *invalid.Error.
func (p *Predictor) Predict(ctx context.Context, file []byte) (*Prediction, error) {
	return p.one(ctx, picture{file: file})
}

// PredictImage labels a decoded image, upright; alpha is ignored. Its answer is that of Predict for a lossless file of the
// same pixels, except where a run predicts by views that are drawn at random, which follow from the bytes of a file.
func (p *Predictor) PredictImage(ctx context.Context, img image.Image) (*Prediction, error) {
	return p.one(ctx, picture{image: img})
}

func (p *Predictor) one(ctx context.Context, image picture) (*Prediction, error) {
	list, err := p.all(ctx, []picture{image})
	if err != nil {
		return nil, err
	}
	if list[0].Err != nil {
		return nil, list[0].Err
	}
	return &list[0].Prediction, nil
}

// An Outcome is a prediction, or why an image couldn't be read.
type Outcome struct {
	Prediction Prediction
	Err        error // an *invalid.Error
}

// PredictAll labels the images in the bytes of several files, on all workers that are idle. The answers don't depend on
// which images are labelled together. The error is one of the machine or of ctx.
func (p *Predictor) PredictAll(ctx context.Context, files [][]byte) ([]Outcome, error) {
	list := make([]picture, len(files))
	for i, file := range files {
		list[i].file = file
	}
	return p.all(ctx, list)
}

// all shares images out among workers.
func (p *Predictor) all(ctx context.Context, list []picture) ([]Outcome, error) {
	out := make([]Outcome, len(list))
	share := max(1, (len(list)+cap(p.idle)-1)/cap(p.idle))
	group, ctx := errgroup.WithContext(ctx)
	for first := 0; first < len(list); first += share {
		part := list[first:min(first+share, len(list))]
		group.Go(func() error {
			return p.work(ctx, func(w *predictWorker) error { return w.predict(ctx, part, out[first:]) })
		})
	}
	return out, group.Wait()
}

// work calls f with a worker once one is idle.
func (p *Predictor) work(ctx context.Context, f func(*predictWorker) error) error {
	select {
	case <-p.closing:
		return ErrClosed
	default:
	}
	select {
	case w := <-p.idle:
		defer func() { p.idle <- w }()
		return f(w)
	case <-p.closing:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Features returns the features of the image in the bytes of a file, the input of the head, without other views.
func (p *Predictor) Features(ctx context.Context, file []byte) (row []float32, err error) {
	err = p.work(ctx, func(w *predictWorker) error {
		row, err = w.features(ctx, picture{file: file})
		return err
	})
	return row, err
}

// probabilities returns the distributions of n images whose views' features follow each other.
func (p *Predictor) probabilities(rows []float32, n int) ([]float32, error) {
	f := head.Features{Rows: n * p.views.Predict, Cols: p.head.Inputs(), Data: rows}
	probs := make([]float32, n*p.head.Space().Len())
	return probs, crossval.Probabilities(p.head, f, p.views.Predict, p.views.Predict, nil, 1, probs)
}

// Feature describes the features that the network gives.
func (p *Predictor) Feature() backbone.Feature { return p.net.Feature() }

// Spec is the preprocessing of images.
func (p *Predictor) Spec() preprocess.Spec { return p.network.Spec }

// NetworkFile is the path of the network's file, "" for the embedded network.
func (p *Predictor) NetworkFile() string { return p.network.File() }
