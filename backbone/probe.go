package backbone

import (
	"context"
	"fmt"

	"finetune/internal/onnx/graph"
	"finetune/invalid"

	ort "github.com/yalue/onnxruntime_go"
)

// probeSide is the side of the empty image by which a network of open size is measured.
const probeSide = 224

// probe completes a feature with taps whose shape isn't inferred from the graph: it runs the network once.
func probe(ctx context.Context, model *graph.Model, f Feature, dir string, o Options) (Feature, error) {
	tensors := make([]string, len(f.Taps))
	for i, t := range f.Taps {
		tensors[i] = t.Tensor.Name
	}
	cut, in, err := model.Expose(tensors...)
	if err != nil {
		return Feature{}, err
	}
	one, err := openSessions(ctx, cut, dir, o)
	if err != nil {
		return Feature{}, err
	}
	defer one.close()
	orSide := func(n int) int {
		if n == 0 {
			return probeSide
		}
		return n
	}
	rows := max(in.Batch, 1)
	images, err := ort.NewEmptyTensor[float32](imageShape(in, rows, orSide(in.Height), orSide(in.Width)))
	if err != nil {
		return Feature{}, fmt.Errorf("measure %s: %w", model.Name(), err)
	}
	defer images.Destroy()
	out := make([]ort.Value, len(tensors))
	if err := one.run(ctx, model.Name(), images, out); err != nil {
		return Feature{}, err
	}
	for _, v := range out {
		defer v.Destroy()
	}
	for i, t := range f.Taps {
		shape := graph.Shape{}
		for _, d := range out[i].GetShape() {
			shape = append(shape, graph.Dim{Size: d})
		}
		if len(shape) > 1 && shape[0].Size != int64(rows) {
			return Feature{}, &invalid.Error{Path: model.Name(),
				Found: fmt.Sprintf("%q has the shape %s for a batch of %d", t.Tensor.Name, shape, rows),
				Want:  "the batch as the first axis", Hint: "choose another tensor with {Images.Tap}"}
		}
		if f.Taps[i], err = model.WithShape(t, shape); err != nil {
			return Feature{}, err
		}
		// Shapes of one batch and one image size hold for others only where the file fixes these.
		if len(shape) > 1 && in.Batch == 0 {
			shape[0] = graph.Dim{Size: -1, Symbol: "N"}
		}
		for _, axis := range f.Taps[i].Space {
			if in.Height == 0 || in.Width == 0 {
				shape[axis] = graph.Dim{Size: -1}
			}
		}
	}
	done, err := model.Complete(f)
	if err == nil && done.Width == 0 {
		return Feature{}, &invalid.Error{Path: model.Name(),
			Found: fmt.Sprintf("the map from which %q is made isn't known", f.Text),
			Hint:  "name the map with {Images.Tap}, or leave out {Images.Pool}"}
	}
	return done, err
}
