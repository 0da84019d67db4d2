package explain

import (
	"context"
	"fmt"
	"image"
	"sync"

	"finetune/internal/image/overlay"
	"finetune/invalid"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// ExplainerOptions say how an Explainer works. The zero value uses MethodAuto on all cores.
type ExplainerOptions struct {
	Images  features.Images // where the network is and what runs it, as in run.PredictorOptions
	Method  string          // "" is MethodAuto
	Threads int             // of occlusion; 0: all cores
	Side    int             // the longer side of a drawn map, in pixels; 0: 512
}

// An Explainer explains images in memory, as Job does those of files. It is safe for use by several goroutines. Close
// frees the network; no call may be under way.
type Explainer struct {
	Method    string // MethodCAM or MethodOcclusion
	Reference string // the input that the maps compare an image with

	run        *run.Run
	net        *features.Network
	targets    *TargetBuilder
	attributor attributor
	side       int
	workers    sync.Pool
}

// An Explanation is what the prediction for an image is based on, by the image itself.
type Explanation struct {
	Image                  // without Path, Picture and Label
	Pictures []image.Image // the image in grey under each of Maps: orange for, blue against
}

// NewExplainer starts the network of a run. What the user can correct is an *invalid.Error.
func NewExplainer(model *run.Run, o ExplainerOptions) (_ *Explainer, err error) {
	e := &Explainer{run: model, side: o.Side}
	if e.side == 0 {
		e.side = 512
	}
	e.workers.New = func() any { return &Worker{} }
	if e.targets, err = NewTargetBuilder(model.Head); err != nil {
		return nil, err
	}
	if e.net, err = model.OpenNetwork(&o.Images); err != nil {
		return nil, err
	}
	job, result := Job{Method: o.Method, Threads: o.Threads, Progress: progress.None{}}, &Result{}
	if e.attributor, err = job.newAttributor(model, e.net, 1, result); err != nil {
		e.net.Close()
		return nil, err
	}
	e.Method, e.Reference = result.Method, result.Reference
	return e, nil
}

// Close frees the network.
func (e *Explainer) Close() error {
	err := e.attributor.Close()
	if closeErr := e.net.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Explain explains the image in the bytes of a file: its predicted class, one more class unless class is "", and the
// order. Bytes that are no image, and a class that isn't the run's, are an *invalid.Error.
func (e *Explainer) Explain(ctx context.Context, file []byte, class string) (*Explanation, error) {
	extra, err := e.targets.parseClass(class)
	if err != nil {
		return nil, err
	}
	w := e.workers.Get().(*Worker)
	defer e.workers.Put(w)
	picture, err := w.decode(ctx, e.net, file)
	if err != nil {
		reason, fault := features.Fault(err)
		if !fault {
			return nil, err
		}
		return nil, &invalid.Error{Path: "image", Found: "can't be read", Err: reason}
	}
	a, err := e.attributor.Attribute(ctx, w.Tensor, func(predicted int) []Target {
		return e.targets.targets(predicted, -1, extra)
	})
	if err != nil {
		return nil, fmt.Errorf("explain an image: %w", err)
	}
	size := picture.Bounds().Size()
	view := overlay.View(e.net.Spec.View(size.X, size.Y))
	out := &Explanation{Image: *describe(e.run.Head.Space(), a, view)}
	for i, t := range a.targets {
		scale := overlay.Strongest(a.Smooth[i])
		if t.kind == TargetClass {
			scale = classScale(a)
		}
		out.Pictures = append(out.Pictures, overlay.Small(picture, a.Smooth[i], view, scale, e.side))
	}
	return out, nil
}
