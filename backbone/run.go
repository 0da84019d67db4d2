package backbone

import (
	"context"
	"fmt"
	"math"

	"finetune/internal/onnx/graph"
	"finetune/internal/store/half"

	ort "github.com/yalue/onnxruntime_go"
)

// Features runs n images through the network. tensor holds them in the network's own layout, one after the
// other; out takes n rows of Dim numbers. Where the file leaves height and width open the images must be
// square, and their side follows from the length of tensor. Batches of a fixed size are filled up and cut down
// again; where a batch fails and single images don't, images go through one at a time from then on. Features that
// aren't finite, or too large for Options.FeaturePrecision, give a *NotFiniteError once all rows are written, a context that ends gives its error.
//
// Several goroutines that call Features of a Backbone with one thread each use the cores better than one
// caller whose run is shared among threads.
func (b *Backbone) Features(ctx context.Context, tensor []float32, n int, out []float32) error {
	if b.levels {
		return fmt.Errorf("features from %s: it takes levels", b.name)
	}
	return featuresOf(ctx, b, tensor, n, out)
}

// FeaturesOfLevels is Features for a network that was opened with Levels and [Backbone.TakesLevels]: levels has bytes instead of
// numbers, in the same order.
func (b *Backbone) FeaturesOfLevels(ctx context.Context, levels []uint8, n int, out []float32) error {
	if !b.levels {
		return fmt.Errorf("features from %s: it takes numbers", b.name)
	}
	return featuresOf(ctx, b, levels, n, out)
}

// TryLevels runs n empty images at once, without the ways out that FeaturesOfLevels has where a batch fails.
func (b *Backbone) TryLevels(ctx context.Context, n, height, width int) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.sessions == nil || !b.levels {
		return fmt.Errorf("features from %s: it is closed, or takes numbers", b.name)
	}
	return runOnce(ctx, b, make([]uint8, n*3*height*width), make([]float32, n*b.Dim()), n, height, width)
}

// featuresOf is Features for both kinds of input.
func featuresOf[T float32 | uint8](ctx context.Context, b *Backbone, tensor []T, n int, out []float32) error {
	if n < 0 || len(out) != n*b.Dim() {
		return fmt.Errorf("features of %d images: room for %d numbers, not for %d×%d", n, len(out), n, b.Dim())
	}
	if n == 0 {
		return nil
	}
	height, width, err := imageSize(b.input, len(tensor), n)
	if err != nil {
		return err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.sessions == nil {
		return fmt.Errorf("features from %s: it is closed", b.name)
	}
	image := 3 * height * width
	for first, rows := 0, 0; first < n; first += rows {
		rows = min(b.batchSize(), n-first)
		in := tensor[first*image : (first+rows)*image]
		res := out[first*b.Dim() : (first+rows)*b.Dim()]
		err := runBatch(ctx, b, in, res, rows, height, width)
		if err != nil && rows > 1 && b.input.Batch == 0 && ctx.Err() == nil {
			rows, err = 1, trySingle(ctx, b, in[:image], res[:b.Dim()], height, width, err)
		}
		if err != nil {
			return err
		}
	}
	err = b.finite(out, n)
	if b.rounded {
		half.Round(out)
	}
	return err
}

// batchSize returns how many images go through the network at once.
func (b *Backbone) batchSize() int {
	if b.single.Load() {
		return 1
	}
	return b.batch
}

// trySingle runs the first image of a batch that failed. Some networks declare any batch and contain a constant shape
// of one image: then this image succeeds, and further ones go through one at a time.
func trySingle[T float32 | uint8](ctx context.Context, b *Backbone, in []T, out []float32, height, width int, failed error) error {
	if err := runBatch(ctx, b, in, out, 1, height, width); err != nil {
		return failed
	}
	b.single.Store(true)
	return nil
}

// runBatch runs rows images at once, filled up with empty ones to the file's batch where that is fixed.
func runBatch[T float32 | uint8](ctx context.Context, b *Backbone, in []T, out []float32, rows, height, width int) error {
	fed, got := in, out
	if b.input.Batch > 0 && rows < b.input.Batch {
		fed = make([]T, b.input.Batch*3*height*width)
		copy(fed, in)
		got = make([]float32, b.input.Batch*b.Dim())
		rows = b.input.Batch
	}
	if err := runOnce(ctx, b, fed, got, rows, height, width); err != nil {
		return err
	}
	copy(out, got)
	return nil
}

func runOnce[T float32 | uint8](ctx context.Context, b *Backbone, in []T, out []float32, rows, height, width int) error {
	images, err := ort.NewTensor(imageShape(b.input, rows, height, width), in)
	if err != nil {
		return fmt.Errorf("run %s: %w", b.name, err)
	}
	defer images.Destroy()
	features, err := ort.NewTensor(ort.NewShape(int64(rows), int64(b.Dim())), out)
	if err != nil {
		return fmt.Errorf("run %s: %w", b.name, err)
	}
	defer features.Destroy()
	return b.sessions.run(ctx, b.name, images, []ort.Value{features})
}

// runSession runs a session and stops it in the middle when the context ends.
func runSession(ctx context.Context, name string, one session, in ort.Value, out []ort.Value) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	defer options.Destroy()
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		options.Terminate()
	})
	err = one.RunWithOptions([]ort.Value{in}, out, options)
	if !stop() {
		<-stopped // Terminate must not meet destroyed options
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}

// imageSize returns height and width of n images in a tensor of that many numbers.
func imageSize(in Input, length, n int) (height, width int, err error) {
	height, width = in.Height, in.Width
	pixels := length / (3 * n)
	switch {
	case height > 0 && width > 0:
	case height > 0:
		width = pixels / height
	case width > 0:
		height = pixels / width
	default:
		height = int(math.Round(math.Sqrt(float64(pixels))))
		width = height
	}
	if height < 1 || width < 1 || length != n*3*height*width {
		return 0, 0, fmt.Errorf("features of %d images: %d numbers don't make images of 3×%s×%s", n, length,
			sizeName(in.Height), sizeName(in.Width))
	}
	return height, width, nil
}

func sizeName(n int) string {
	if n == 0 {
		return "any"
	}
	return fmt.Sprint(n)
}

func imageShape(in Input, rows, height, width int) ort.Shape {
	if in.Layout == graph.NHWC {
		return ort.NewShape(int64(rows), int64(height), int64(width), 3)
	}
	return ort.NewShape(int64(rows), 3, int64(height), int64(width))
}
