package explain

import (
	"context"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/image/overlay"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

// An occluder slides a patch of the picture's mean colour over it, and takes as heat how much each question's value falls while a
// place is hidden (Zeiler and Fergus 2014, arXiv 1311.2901). It works for every network and head, at a run of the network a place.
type occluder struct {
	head          *head.Head
	asker         *TargetBuilder
	net           *backbone.Backbone
	height, width int // of a tensor's picture
	patch, stride int // in its pixels
	channelsLast  bool
	threads       int
	stage         progress.Stage // told of every place
}

func (o *occluder) Close() error { return o.net.Close() }

// places returns how many rows and columns of places the patch is put at.
func (o *occluder) places() (rows, columns int) {
	return (o.height + o.stride - 1) / o.stride, (o.width + o.stride - 1) / o.stride
}

func (o *occluder) Attribute(ctx context.Context, tensor []float32, ask func(int) []Target) (*attribution, error) {
	row := make([]float32, o.net.Dim())
	if err := o.net.Features(ctx, tensor, 1, row); err != nil {
		return nil, err
	}
	out, err := evaluate(o.head, o.asker, row)
	if err != nil {
		return nil, err
	}
	out.questions = ask(out.class)
	before := make([]float64, len(out.questions))
	for i, q := range out.questions {
		before[i] = q.value(out.logits)
	}
	rows, columns := o.places()
	falls := make([][]float64, len(before))
	grey := o.mean(tensor)
	err = features.InOrder(ctx, rows*columns, features.BlockSize, o.threads,
		func() *hiding {
			return &hiding{tensors: make([]float32, features.BlockSize*len(tensor)), features: make([]float32, features.BlockSize*o.net.Dim())}
		},
		func(ctx context.Context, w *hiding, first, end int) ([]float32, error) {
			for i := first; i < end; i++ {
				hidden := w.tensors[(i-first)*len(tensor):][:len(tensor)]
				copy(hidden, tensor)
				o.hide(hidden, grey, i/columns, i%columns)
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
				for i, q := range out.questions {
					falls[i] = append(falls[i], before[i]-q.value(z))
				}
			}
			o.stage.Add(len(logits) / k)
			return nil
		})
	if err != nil {
		return nil, err
	}
	for _, values := range falls {
		heat := overlay.NewHeat(heatSize(o.height, o.width))
		heat.Add(values, rows, columns)
		out.add(heat)
	}
	return out, nil
}

// A hiding is what one worker keeps to itself.
type hiding struct{ tensors, features []float32 }

// mean returns the mean of each channel. Preprocessing is affine in each, so that it is the mean colour's value.
func (o *occluder) mean(tensor []float32) (grey [3]float32) {
	var sum [3]float64
	pixels := o.height * o.width
	for c := range 3 {
		for i := range pixels {
			sum[c] += float64(tensor[o.index(c, i)])
		}
		grey[c] = float32(sum[c] / float64(pixels))
	}
	return grey
}

// index is where a channel of a pixel stands.
func (o *occluder) index(channel, pixel int) int {
	if o.channelsLast {
		return 3*pixel + channel
	}
	return channel*o.height*o.width + pixel
}

// hide covers the patch around the middle of a place; at the borders a part of it.
func (o *occluder) hide(tensor []float32, grey [3]float32, row, column int) {
	from := func(place, length int) (int, int) {
		start := place*o.stride + o.stride/2 - o.patch/2
		return max(0, start), min(length, start+o.patch)
	}
	top, bottom := from(row, o.height)
	left, right := from(column, o.width)
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			for c := range 3 {
				tensor[o.index(c, y*o.width+x)] = grey[c]
			}
		}
	}
}
