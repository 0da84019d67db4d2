package explain

import (
	"context"

	"finetune/head"
	"finetune/internal/image/overlay"
)

// An attribution is the prediction for one image and, for each target, how much each location contributes to it.
type attribution struct {
	logits    []float64
	probs     []float64
	predicted int // class, by the head's decision rule
	targets   []Target
	maps      []*overlay.Heat // one for each target
	Smooth    []*overlay.Heat // the maps, smoothed for display
	// sums are the totals of the maps with their unlocalized parts; both are nil if maps don't add up (occlusion).
	sums        []float64
	unlocalized []float64
	linearHead  bool // a head without a hidden layer, so that sums of linear targets are exact
}

// An attributor computes the attribution of an image from its tensor. It calls targets with the predicted class.
type attributor interface {
	Attribute(ctx context.Context, tensor []float32, targets func(predicted int) []Target) (*attribution, error)
	Close() error
}

// predict applies the head to one row of features.
func predict(h *head.Head, row []float32) (*attribution, error) {
	z, p := make([]float32, h.Outputs()), make([]float32, h.Space().Len())
	f := head.Features{Rows: 1, Cols: len(row), Data: row}
	if err := h.Logits(f, f.All(), 1, z); err != nil {
		return nil, err
	}
	h.Distribution(z, p)
	out := &attribution{predicted: h.Decide(p)}
	for _, v := range z {
		out.logits = append(out.logits, float64(v))
	}
	for _, v := range p {
		out.probs = append(out.probs, float64(v))
	}
	return out, nil
}

// addMap appends the map of the next target. The smoothed copy is blurred by a fortieth of its size, since the maps
// of early layers are noisy.
func (a *attribution) addMap(h *overlay.Heat) {
	a.maps, a.Smooth = append(a.maps, h), append(a.Smooth, h.Smooth(max(h.Height, h.Width)/40))
}

// exact reports whether the sum of a target's map is the difference of the target between the image and the reference.
func (a *attribution) exact(t Target) bool { return a.sums != nil && a.linearHead && t.linear }

// mapSize returns the size of a map for an input of height × width: at most 512 pixels on the longer side.
func mapSize(height, width int) (int, int) {
	const maxSide = 512
	if longer := max(height, width); longer > maxSide {
		return max(1, height*maxSide/longer), max(1, width*maxSide/longer)
	}
	return height, width
}
