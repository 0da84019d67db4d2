package verify

import (
	"context"
	"fmt"
	"image"
	"iter"
	"math"
	"slices"

	"finetune/internal/onnx/deploy"
	"finetune/preprocess"
)

// A Sample is a picture, upright, and the probabilities that the pipeline gives for it.
type Sample struct {
	Picture       *image.NRGBA // used until the next sample is asked for
	Probabilities []float32
}

// A Difference says how far a model is from the pipeline.
type Difference struct {
	Probability float64 // the largest |Δp| over all samples and classes
	Worst       int     // the sample that has it
	Samples     int
}

// Compare runs the model in a file, with the input "image" or "tensor", on pictures one by one. The preprocessing is
// the run's, for the tensor. Numbers that aren't finite make an infinite difference.
func Compare(ctx context.Context, path string, spec preprocess.Spec, samples iter.Seq2[Sample, error], o Options,
) (Difference, error) {
	m, err := Open(ctx, path, o)
	if err != nil {
		return Difference{}, err
	}
	defer m.Close()
	predict, err := m.predictor(spec)
	if err != nil {
		return Difference{}, err
	}
	var d Difference
	for s, err := range samples {
		if err != nil {
			return Difference{}, err
		}
		got, err := predict(ctx, s.Picture)
		if err != nil {
			return Difference{}, err
		}
		k := len(s.Probabilities)
		if k == 0 || len(got.Probabilities)%k != 0 {
			return Difference{}, fmt.Errorf("compare %s: %d probabilities, the pipeline gives %d",
				path, len(got.Probabilities), k)
		}
		if far := distance(got.Probabilities[:k], s.Probabilities); far > d.Probability {
			d.Probability, d.Worst = far, d.Samples
		}
		d.Samples++
	}
	return d, nil
}

func distance(a, b []float32) float64 {
	var most float64
	for k := range a {
		d := math.Abs(float64(a[k]) - float64(b[k]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most
}

// predictor returns what runs the model on one picture. A batch of a fixed size is filled with copies of it.
func (m *Model) predictor(spec preprocess.Spec) (func(context.Context, *image.NRGBA) (*Answers, error), error) {
	shape := m.input.Shape
	if len(shape) != 4 {
		return nil, fmt.Errorf("compare %s: it takes no images: %s", m.path, m.input)
	}
	n := max(1, int(shape[0].Size))
	switch deploy.Input(m.input.Name) {
	case deploy.Image:
		return func(ctx context.Context, img *image.NRGBA) (*Answers, error) {
			size := img.Rect.Size()
			return m.Images(ctx, slices.Repeat(levels(img), n), n, size.Y, size.X)
		}, nil
	case deploy.Tensor:
		layout, height, width := preprocess.NCHW, shape[2].Size, shape[3].Size
		dims := []int64{int64(n), 3, height, width}
		if shape[3].Size == 3 && shape[1].Size != 3 {
			layout, height, width = preprocess.NHWC, shape[1].Size, shape[2].Size
			dims = []int64{int64(n), height, width, 3}
		}
		t, err := preprocess.NewTransformer(spec.Sized(int(height), int(width)), layout)
		if err != nil {
			return nil, err
		}
		tensor := make([]float32, t.Len())
		return func(ctx context.Context, img *image.NRGBA) (*Answers, error) {
			if err := t.TensorOf(tensor, img); err != nil {
				return nil, err
			}
			return m.Floats(ctx, slices.Repeat(tensor, n), dims...)
		}, nil
	}
	return nil, fmt.Errorf("compare %s: it takes no images: %s", m.path, m.input)
}

// levels returns the colours of a picture without its alpha.
func levels(img *image.NRGBA) []uint8 {
	size := img.Rect.Size()
	out := make([]uint8, 0, 3*size.X*size.Y)
	for y := range size.Y {
		row := img.Pix[y*img.Stride:][:4*size.X]
		for x := 0; x < len(row); x += 4 {
			out = append(out, row[x:x+3]...)
		}
	}
	return out
}
