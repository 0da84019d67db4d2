package explain

import (
	"context"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/image/overlay"
)

// An account says what a head makes of one picture, and where in the picture that comes from.
type attribution struct {
	logits    []float64
	probs     []float64
	class     int // by the head's rule
	questions []Target
	heats     []*overlay.Heat // one a question
	Smooth    []*overlay.Heat // the same, to be looked at
	sums      []float64       // what all places of a heat come to, with what has no place; nil where they don't add up to anything
	elsewhere []float64       // the part of a sum that has no place
	affine    bool            // the head is, so that sums of linear questions are exact
}

// A teller gives an account of a picture's tensor. ask is told what the head makes of it.
type attributor interface {
	Attribute(ctx context.Context, tensor []float32, ask func(class int) []Target) (*attribution, error)
	Close() error
}

// judge runs the head on one row of features.
func evaluate(h *head.Head, a *TargetBuilder, row []float32) (*attribution, error) {
	z, p := make([]float32, h.Outputs()), make([]float32, h.Space().Len())
	f := head.Features{Rows: 1, Cols: len(row), Data: row}
	if err := h.Logits(f, f.All(), 1, z); err != nil {
		return nil, err
	}
	h.Distribution(z, p)
	out := &attribution{class: h.Decide(p)}
	for _, v := range z {
		out.logits = append(out.logits, float64(v))
	}
	for _, v := range p {
		out.probs = append(out.probs, float64(v))
	}
	return out, nil
}

// A mapTeller weighs the maps before pooling as the head weighs their means: exactly, for a linear head and a question that is linear
// in the logits; else as both are around this picture.
type CAM struct {
	Head          *head.Head
	TargetBuilder *TargetBuilder
	Mapper        *backbone.Mapper
	Mean          []float32 // the features of the average training picture, which a picture is compared with; nil: zeros
	Height, Width int       // of a tensor's picture
}

func (m *CAM) Close() error { return m.Mapper.Close() }

func (m *CAM) Attribute(ctx context.Context, tensor []float32, ask func(int) []Target) (*attribution, error) {
	maps, err := m.Mapper.Maps(ctx, tensor)
	if err != nil {
		return nil, err
	}
	out, err := evaluate(m.Head, m.TargetBuilder, maps.Feature)
	if err != nil {
		return nil, err
	}
	out.questions, out.affine = ask(out.class), m.Head.Network().Hidden() == 0
	for _, q := range out.questions {
		weights := m.Head.Slope(maps.Feature, q.direction(out.logits))
		heat := overlay.NewHeat(heatSize(m.Height, m.Width))
		var elsewhere float64
		for _, s := range maps.Share(weights, m.Mean) {
			heat.Add(s.Values, s.Height, s.Width)
			elsewhere += s.Elsewhere
		}
		out.add(heat)
		out.sums, out.elsewhere = append(out.sums, heat.Sum()+elsewhere), append(out.elsewhere, elsewhere)
	}
	return out, nil
}

// add takes the heat of the next question. For the eye it is blurred by a fortieth of its size: the finest maps are speckled.
func (a *attribution) add(h *overlay.Heat) {
	a.heats, a.Smooth = append(a.heats, h), append(a.Smooth, h.Smooth(max(h.Height, h.Width)/40))
}

// heatSize is the size of a heat for pictures of height × width: no finer than anybody sees.
func heatSize(height, width int) (int, int) {
	const most = 512
	if longer := max(height, width); longer > most {
		return max(1, height*most/longer), max(1, width*most/longer)
	}
	return height, width
}
