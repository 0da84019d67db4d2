package train

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/jpeg"

	"finetune/backbone"
	"finetune/internal/cores"
	"finetune/internal/image/overlay"
	"finetune/pipeline/dataset"
	"finetune/pipeline/explain"
	"finetune/pipeline/features"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// The longer side of a map in the report, and the quality of its JPEG: about 5 KB.
const reportMapSide, reportMapQuality = 128, 80

// explainMistakes draws, for the worst mistakes of the page, which places move the answer up or down. It starts the network for twenty
// pictures, so that it is only done where it is asked for. Where it can't be done a note says why.
func (r *session) explainMistakes(ctx context.Context, items []dataset.Item, shown []report.Image) error {
	without := func(why string) error {
		r.result.Notes = append(r.result.Notes, "the worst mistakes have no maps: "+why)
		return nil
	}
	switch {
	case !r.Explain || len(shown) == 0:
		return nil
	case r.Features != "":
		return without("the features came without images")
	case r.plan.repeats != nil:
		return without("the final head has seen the images of all folds since it was wrong")
	case r.plan.outOfFold():
		r.result.Notes = append(r.result.Notes, "the maps of the worst mistakes are of the head of the run, which was trained on these images and may no longer make them")
	}
	images := features.Images{Library: r.Images.Library, Device: r.Images.Device, DeviceOptions: r.Images.DeviceOptions, Backbone: cmp.Or(r.table.NetworkFile, r.Images.Backbone)}
	model := &run.Run{Folder: r.Out, Head: r.result.Head, Config: r.record}
	net, err := model.OpenNetwork(&images)
	if err != nil {
		return err
	}
	defer net.Close()
	targets, err := explain.NewTargetBuilder(model.Head)
	if err != nil {
		return err
	}
	mapper, err := net.StartMaps()
	if errors.Is(err, backbone.ErrNoMaps) {
		return without(err.Error() + "; finetune explain hides places instead")
	}
	if err != nil {
		return err
	}
	defer mapper.Close()
	cam := &explain.CAM{Head: model.Head, Mapper: mapper, Mean: run.MeanFeature(r.examples, r.plan.parts.Train), Height: net.Spec.Height, Width: net.Spec.Width}
	stage := r.Progress.Start("explained", len(shown), "image")
	defer stage.Done()
	return features.InOrder(ctx, len(shown), 1, cores.Of(r.Threads),
		func() *explain.Worker { return &explain.Worker{} },
		func(ctx context.Context, w *explain.Worker, i, _ int) ([]byte, error) {
			return smallMap(ctx, w, cam, targets.Order(), net, items[i])
		},
		func(i int, picture []byte) error {
			shown[i].Map = picture
			stage.Add(1)
			return nil
		})
}

// smallMap draws the map of the order for one image, nil where it can't be read any more.
func smallMap(ctx context.Context, w *explain.Worker, cam *explain.CAM, order explain.Target, net *features.Network, item dataset.Item) ([]byte, error) {
	picture, err := w.Load(ctx, net, item)
	if err != nil {
		return nil, nil // the page says so where its picture should be
	}
	a, err := cam.Attribute(ctx, w.Tensor, func(int) []explain.Target { return []explain.Target{order} })
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", item.Path, err)
	}
	size := picture.Bounds().Size()
	small := overlay.Small(picture, a.Smooth[0], overlay.View(net.Spec.View(size.X, size.Y)), overlay.Strongest(a.Smooth[0]), reportMapSide)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: reportMapQuality}); err != nil {
		return nil, fmt.Errorf("explain %s: %w", item.Path, err)
	}
	return out.Bytes(), nil
}
