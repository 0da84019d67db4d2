package backbone

import (
	"context"
	"fmt"

	"finetune/internal/mistake"
	"finetune/internal/onnxgraph"

	ort "github.com/yalue/onnxruntime_go"
)

// probeSide is the side of the empty image by which a network of open size is measured.
const probeSide = 224

// probe completes a tap whose shape the graph doesn't tell: it runs the network once and looks.
func probe(model *onnxgraph.Model, tap Tap, dir string, o Options) (Tap, error) {
	tap.Tensor.Shape, tap.Pool = nil, nil // as it is, without pooling
	cut, in, err := model.Cut(tap)
	if err != nil {
		return Tap{}, err
	}
	session, err := newSession(cut, dir, o.Threads)
	if err != nil {
		return Tap{}, err
	}
	defer session.Destroy()
	orSide := func(n int) int {
		if n == 0 {
			return probeSide
		}
		return n
	}
	rows := max(in.Batch, 1)
	images, err := ort.NewEmptyTensor[float32](imageShape(in, rows, orSide(in.Height), orSide(in.Width)))
	if err != nil {
		return Tap{}, fmt.Errorf("measure %s: %w", model.Name(), err)
	}
	defer images.Destroy()
	out := []ort.Value{nil}
	if err := runSession(context.Background(), model.Name(), session, images, out); err != nil {
		return Tap{}, err
	}
	defer out[0].Destroy()
	shape := onnxgraph.Shape{}
	for _, d := range out[0].GetShape() {
		shape = append(shape, onnxgraph.Dim{Size: d})
	}
	if len(shape) > 1 && shape[0].Size != int64(rows) {
		return Tap{}, &mistake.Error{Subject: model.Name(), Found: fmt.Sprintf("%q has the shape %s for a batch of %d", tap.Tensor.Name, shape, rows),
			Expected: "the batch as the first axis", Do: "choose another tensor with --tap"}
	}
	if len(shape) > 1 && in.Batch == 0 {
		shape[0] = onnxgraph.Dim{Size: -1, Symbol: "N"}
	}
	return model.WithShape(tap, shape)
}
