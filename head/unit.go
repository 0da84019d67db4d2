package head

import "finetune/loss"

// A unit is how l2 measures positions in training: from the first, in mean gaps. Its loss takes positions as they are, so with
// ages of up to 80 its gradients and curvature would be hundreds of times those of class numbers, and no learning rate or
// weight decay would fit both. The trained layer is taken back to the positions' own unit, and so are the losses reported.
type unit struct{ origin, step float64 }

func unitOf(c loss.Config) unit {
	p := c.Ground.Positions
	if c.Name != loss.L2 || len(p) < 2 {
		return unit{0, 1}
	}
	return unit{p[0], (p[len(p)-1] - p[0]) / float64(len(p)-1)}
}

// config is the loss with positions in this unit.
func (u unit) config(c loss.Config) loss.Config {
	if u == (unit{0, 1}) {
		return c
	}
	scaled := make([]float64, len(c.Ground.Positions))
	for i, p := range c.Ground.Positions {
		scaled[i] = (p - u.origin) / u.step
	}
	c.Ground.Positions = scaled
	return c
}

// lossScale is what a loss in this unit is multiplied by to be in the positions' own.
func (u unit) lossScale() float64 { return u.step * u.step }

// fold makes a last layer that gives positions in this unit give them in their own.
func (u unit) fold(l Layer) {
	if u == (unit{0, 1}) {
		return
	}
	for i, w := range l.Weight {
		l.Weight[i] = float32(float64(w) * u.step)
	}
	for i, b := range l.Bias {
		l.Bias[i] = float32(float64(b)*u.step + u.origin)
	}
}
