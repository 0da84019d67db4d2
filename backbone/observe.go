package backbone

import (
	"context"
	"slices"
	"sync"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/precision"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/sync/errgroup"
)

// An observation is what flowed through the tensors of a network.
type observation struct {
	counts map[string]*precision.Histogram
	size   map[string]int // numbers of a tensor, for one image
}

// ranges chooses a range for each tensor that has one.
func (s *observation) ranges(method precision.Method) map[string]precision.Range {
	found := make(map[string]precision.Range, len(s.counts))
	for tensor, h := range s.counts {
		if r, ok := method(h); ok {
			found[tensor] = r
		}
	}
	return found
}

// observe runs the images for calibration.
func (w *lowerer) observe(ctx context.Context) (*observation, error) {
	float, err := w.net.Float()
	if err != nil {
		return nil, err
	}
	tensors := w.net.Tensors()
	total := make([]precision.Histogram, len(tensors))
	size := make([]int, len(tensors))
	var mu sync.Mutex
	err = w.expose(ctx, float, tensors, w.Calibration, func(values [][]float32) {
		own := make([]precision.Histogram, len(tensors))
		for i, v := range values {
			own[i].Add(v)
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range own {
			total[i].Merge(&own[i])
			size[i] = len(values[i])
		}
	})
	s := &observation{counts: make(map[string]*precision.Histogram, len(tensors)), size: make(map[string]int, len(tensors))}
	for i, t := range tensors {
		s.counts[t], s.size[t] = &total[i], size[i]
	}
	return s, err
}

// growthImages is the number of images that errors inside the network are measured on.
const growthImages = 4

// growth returns the kernels by how much the relative error of their output exceeds that of their input, the largest
// first.
func (w *lowerer) growth(ctx context.Context, a *attempt) ([]string, error) {
	float, err := w.net.Float()
	if err != nil {
		return nil, err
	}
	tensors := w.net.Tensors()
	list := w.Check[:min(growthImages, len(w.Check))]
	errorOf := make(map[string]float64, len(tensors))
	for i := range list { // one at a time: all tensors of an image may be large
		var exact, rounded [][]float32
		keep := func(to *[][]float32) func([][]float32) {
			return func(values [][]float32) {
				for _, v := range values {
					*to = append(*to, slices.Clone(v))
				}
			}
		}
		if err := w.expose(ctx, float, tensors, list[i:i+1], keep(&exact)); err != nil {
			return nil, err
		}
		if err := w.expose(ctx, a.model, tensors, list[i:i+1], keep(&rounded)); err != nil {
			return nil, err
		}
		for k, t := range tensors {
			errorOf[t] += relativeError(exact[k], rounded[k])
		}
	}
	kernels := w.net.Kernels()
	slices.SortStableFunc(kernels, func(a, b precision.Kernel) int {
		x, y := errorOf[a.Output]-errorOf[a.Input], errorOf[b.Output]-errorOf[b.Input]
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	names := make([]string, len(kernels))
	for i, k := range kernels {
		names[i] = k.Output
	}
	return names, nil
}

// relativeError is the sum of the squared differences over that of the squares.
func relativeError(exact, rounded []float32) float64 {
	var wrong, all float64
	for i, v := range exact {
		d := float64(v) - float64(rounded[i])
		wrong, all = wrong+d*d, all+float64(v)*float64(v)
	}
	if all == 0 {
		return 0
	}
	return wrong / all
}

// expose runs images one by one, some at a time, and hands see the tensors of each. They are valid during the call.
func (w *lowerer) expose(ctx context.Context, m *graph.Model, tensors []string, images [][]float32,
	see func(values [][]float32),
) error {
	if len(images) == 0 {
		return errNothingToCheck
	}
	cut, in, err := m.Expose(tensors...)
	if err != nil {
		return err
	}
	all, err := openSessions(ctx, cut, "", w.options)
	if err != nil {
		return err
	}
	defer all.close()
	return w.share(ctx, len(images), func(ctx context.Context, i int) error {
		height, width, err := imageSize(in, len(images[i]), 1)
		if err != nil {
			return err
		}
		rows := max(in.Batch, 1)
		t, err := ort.NewTensor(imageShape(in, rows, height, width), slices.Repeat(images[i], rows))
		if err != nil {
			return err
		}
		defer t.Destroy()
		out := make([]ort.Value, len(tensors))
		if err := all.run(ctx, m.Name(), t, out); err != nil {
			return err
		}
		values := make([][]float32, len(tensors))
		for i, v := range out {
			defer v.Destroy()
			if f, ok := v.(*ort.Tensor[float32]); ok {
				values[i] = f.GetData()[:len(f.GetData())/rows]
			}
		}
		see(values)
		return nil
	})
}

// features runs the checked images through a network.
func (w *lowerer) features(ctx context.Context, b *Backbone) ([]float32, error) {
	if len(w.Check) == 0 {
		return nil, errNothingToCheck
	}
	dim := b.Dim()
	rows := make([]float32, len(w.Check)*dim)
	return rows, w.share(ctx, len(w.Check), func(ctx context.Context, i int) error {
		return b.Features(ctx, w.Check[i], 1, rows[i*dim:(i+1)*dim])
	})
}

// share calls f for each of n numbers, some at a time.
func (w *lowerer) share(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.Threads)
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			return f(ctx, i)
		})
	}
	return group.Wait()
}
