package head

import "finetune/loss"

// A positionScale is the unit of positions in training with l2: they are counted from the first, in mean gaps. The
// loss takes positions as they are, so with ages of up to 80 its gradients and curvature would be hundreds of times
// those of class numbers, and no learning rate or weight decay would fit both. The trained layer and the losses that
// are reported are in the positions' own unit.
type positionScale struct{ origin, step float64 }

func positionScaleOf(c loss.Config) positionScale {
	p := c.Ground.Positions
	if c.Name != loss.L2 || len(p) < 2 {
		return positionScale{0, 1}
	}
	return positionScale{p[0], (p[len(p)-1] - p[0]) / float64(len(p)-1)}
}

// scaled returns the loss with positions in this unit.
func (s positionScale) scaled(c loss.Config) loss.Config {
	if s == (positionScale{0, 1}) {
		return c
	}
	scaled := make([]float64, len(c.Ground.Positions))
	for i, p := range c.Ground.Positions {
		scaled[i] = (p - s.origin) / s.step
	}
	c.Ground.Positions = scaled
	return c
}

// lossFactor takes a loss in this unit to the positions' own.
func (s positionScale) lossFactor() float64 { return s.step * s.step }

// fold makes a last layer that gives positions in this unit give them in their own.
func (s positionScale) fold(l Layer) {
	if s == (positionScale{0, 1}) {
		return
	}
	for i, w := range l.Weight {
		l.Weight[i] = float32(float64(w) * s.step)
	}
	for i, b := range l.Bias {
		l.Bias[i] = float32(float64(b)*s.step + s.origin)
	}
}
