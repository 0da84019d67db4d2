package explain

import (
	"context"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/image/overlay"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

// An occluder computes attributions by occlusion (Zeiler and Fergus 2014, arXiv 1311.2901). It moves a square of the
// image's mean colour over the image and records how much each target drops. It works for every network and head and
// runs the network once for each position.
type occluder struct {
	head          *head.Head
	net           *backbone.Backbone
	height, width int // of an input tensor
	patch, stride int // in its pixels
	channelsLast  bool
	threads       int
	stage         progress.Stage // counts positions
}

func (o *occluder) Close() error { return o.net.Close() }

// positions returns how many rows and columns of positions the patch takes.
func (o *occluder) positions() (rows, columns int) {
	return (o.height + o.stride - 1) / o.stride, (o.width + o.stride - 1) / o.stride
}

func (o *occluder) Attribute(ctx context.Context, tensor []float32,
	targets func(predicted int) []Target) (*attribution, error) {
	row := make([]float32, o.net.Dim())
	if err := o.net.Features(ctx, tensor, 1, row); err != nil {
		return nil, err
	}
	out, err := predict(o.head, row)
	if err != nil {
		return nil, err
	}
	out.targets = targets(out.predicted)
	drops, err := o.drops(ctx, tensor, out)
	if err != nil {
		return nil, err
	}
	rows, columns := o.positions()
	for _, values := range drops {
		heat := overlay.NewHeat(mapSize(o.height, o.width))
		heat.Add(values, rows, columns)
		out.addMap(heat)
	}
	return out, nil
}

// drops returns, for each target, how much it drops at each position of the patch, row by row.
func (o *occluder) drops(ctx context.Context, tensor []float32, whole *attribution) ([][]float64, error) {
	before := make([]float64, len(whole.targets))
	for i, t := range whole.targets {
		before[i] = t.value(whole.logits)
	}
	rows, columns := o.positions()
	drops := make([][]float64, len(before))
	fill := o.meanColour(tensor)
	block := min(features.BlockSize, features.PicturesThatFit(len(tensor)))
	err := features.InOrder(ctx, rows*columns, block, features.WorkersThatFit(o.threads, block, len(tensor)),
		func() *occlusionWorker {
			return &occlusionWorker{tensors: make([]float32, block*len(tensor)), features: make([]float32, block*o.net.Dim())}
		},
		func(ctx context.Context, w *occlusionWorker, first, end int) ([]float32, error) {
			for i := first; i < end; i++ {
				occluded := w.tensors[(i-first)*len(tensor):][:len(tensor)]
				copy(occluded, tensor)
				o.occlude(occluded, fill, i/columns, i%columns)
			}
			features := w.features[:(end-first)*o.net.Dim()]
			if err := o.net.Features(ctx, w.tensors[:(end-first)*len(tensor)], end-first, features); err != nil {
				return nil, err
			}
			logits := make([]float32, (end-first)*o.head.Outputs())
			f := head.Features{Rows: end - first, Cols: o.net.Dim(), Data: features}
			return logits, o.head.Logits(f, f.All(), 1, logits)
		},
		func(_ int, logits []float32) error {
			k := o.head.Outputs()
			z := make([]float64, k)
			for at := 0; at < len(logits); at += k {
				for j, v := range logits[at : at+k] {
					z[j] = float64(v)
				}
				for i, t := range whole.targets {
					drops[i] = append(drops[i], before[i]-t.value(z))
				}
			}
			o.stage.Add(len(logits) / k)
			return nil
		})
	return drops, err
}

// An occlusionWorker holds the buffers of one goroutine.
type occlusionWorker struct{ tensors, features []float32 }

// meanColour returns the mean of each channel of a tensor. Preprocessing is affine in each channel, so this is the
// tensor value of the mean colour.
func (o *occluder) meanColour(tensor []float32) (mean [3]float32) {
	var sum [3]float64
	pixels := o.height * o.width
	for c := range 3 {
		for i := range pixels {
			sum[c] += float64(tensor[o.index(c, i)])
		}
		mean[c] = float32(sum[c] / float64(pixels))
	}
	return mean
}

// index returns the index of a pixel's channel in a tensor.
func (o *occluder) index(channel, pixel int) int {
	if o.channelsLast {
		return 3*pixel + channel
	}
	return channel*o.height*o.width + pixel
}

// occlude fills the patch centred on a position, clipped at the borders.
func (o *occluder) occlude(tensor []float32, fill [3]float32, row, column int) {
	extent := func(position, length int) (int, int) {
		start := position*o.stride + o.stride/2 - o.patch/2
		return max(0, start), min(length, start+o.patch)
	}
	top, bottom := extent(row, o.height)
	left, right := extent(column, o.width)
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			for c := range 3 {
				tensor[o.index(c, y*o.width+x)] = fill[c]
			}
		}
	}
}
