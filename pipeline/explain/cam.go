package explain

import (
	"context"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/image/overlay"
)

// CAM computes class activation maps. It weights the activation maps before pooling with the gradient of the target
// by the pooled features. For a linear head and a target that is linear in the logits this is exact, otherwise a
// linear approximation around the image. Several goroutines may use one CAM.
type CAM struct {
	Head   *head.Head
	Mapper *backbone.Mapper
	Mean   []float32 // the reference: the mean feature of the training images, Mapper.Dim() long; nil: zeros
	Height int       // of an input tensor
	Width  int
}

// Close closes the Mapper.
func (c *CAM) Close() error { return c.Mapper.Close() }

// Attribute computes one map for each target. The tensor is one preprocessed image, 3 × Height × Width values in the
// network's layout.
func (c *CAM) Attribute(ctx context.Context, tensor []float32, targets func(predicted int) []Target) (*attribution,
	error) {
	maps, err := c.Mapper.Maps(ctx, tensor)
	if err != nil {
		return nil, err
	}
	out, err := predict(c.Head, maps.Feature)
	if err != nil {
		return nil, err
	}
	out.targets, out.linearHead = targets(out.predicted), c.Head.Network().Hidden() == 0
	for _, t := range out.targets {
		weights := c.Head.Slope(maps.Feature, t.gradient(out.logits))
		heat := overlay.NewHeat(mapSize(c.Height, c.Width))
		var unlocalized float64
		for _, s := range maps.Share(weights, c.Mean) {
			heat.Add(s.Values, s.Height, s.Width)
			unlocalized += s.Elsewhere
		}
		out.addMap(heat)
		out.sums, out.unlocalized = append(out.sums, heat.Sum()+unlocalized), append(out.unlocalized, unlocalized)
	}
	return out, nil
}
