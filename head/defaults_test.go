package head

import (
	"math"
	"reflect"
	"testing"

	"finetune/loss"
)

func TestResolved(t *testing.T) {
	const columns, examples = 30, 900
	base := 0.22 * columns / examples
	for name, c := range map[string]struct {
		config                    Config
		optimizer                 string
		decay, rate, drop         float64
		epochs, batch, stop, warm int
	}{
		"zero":   {Config{}, SGD, 0, 0.02, 0, 30, 64, 0, 0},
		"linear": {Defaults(loss.Config{}, 0), SGD, base, 0.02, 0.3, 30, 64, 10, 0},
		"hidden": {Defaults(loss.Config{}, 9), AdamW, 10, 2e-3, 0.5, 30, 256, 10, 0},
		"l2":     {Defaults(loss.Config{Name: loss.L2}, 0), SGD, 4 * base, 2e-3, 0.3, 30, 64, 10, 0},
		"warm-up": {Config{WarmupEpochs: Auto, SelfGuided: true, Loss: loss.Config{Name: loss.XEMD2, Lambda: 2}, LR: 1},
			SGD, 0, 1, 0, 30, 64, 0, 5},
		"no decay": {Config{Optimizer: AdamW, WeightDecay: 0, Epochs: 3}, AdamW, 0, 2e-3, 0, 3, 256, 0, 0},
	} {
		c.config.Loss.Classes = 8
		c.config = open(c.config)
		r := c.config.Resolved(columns, examples)
		if r.Optimizer != c.optimizer || math.Abs(r.WeightDecay-c.decay) > 1e-12 || r.LR != c.rate || r.Dropout != c.drop ||
			r.Epochs != c.epochs || r.BatchSize != c.batch || r.Patience != c.stop || r.WarmupEpochs != c.warm {
			t.Errorf("%s: %+v", name, r)
		}
		if again := r.Resolved(columns, examples); !reflect.DeepEqual(again, r) {
			t.Errorf("%s: resolves to %+v, and that to %+v", name, r, again)
		}
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An optimiser that is given alone has its own rate, batch size and decay.
	c := Defaults(loss.Config{Classes: 8}, 0)
	c.Optimizer = AdamW
	if r := c.Resolved(columns, examples); r.LR != 2e-3 || r.BatchSize != 256 || r.WeightDecay != 10 || r.Momentum != 0 {
		t.Errorf("adamw: %+v", r)
	}
	c.Optimizer = LBFGS
	if r := c.Resolved(columns, examples); r.LR != 0 || r.BatchSize != 0 || r.Schedule != "" || r.Dropout != 0 ||
		r.Patience != 0 || r.Epochs != 500 ||
		r.WeightDecay != base || r.Check() != nil {
		t.Errorf("lbfgs: %+v, %v", r, r.Check())
	}
}

// Training must not depend on the scale of a loss: xemd2 with a huge weight is emd2 times that weight.
func TestGradientScale(t *testing.T) {
	for name, c := range map[string]struct {
		loss       loss.Config
		guided     bool
		from, upTo float64
	}{
		"cross-entropy": {loss.Config{Classes: 8}, false, 1, 1},
		"emd2":          {loss.Config{Name: loss.EMD2, Classes: 8}, false, 0.6, 0.7},
		"xemd2":         {loss.Config{Name: loss.XEMD2, Classes: 8, Lambda: 10}, false, 6.5, 7.5},
		"sinkhorn":      {loss.Config{Name: loss.Sinkhorn, Classes: 8}, false, minGradientScale, minGradientScale},
		"stronger":      {loss.Config{Name: loss.XEMD2, Classes: 8, Lambda: 1e9}, false, maxGradientScale, maxGradientScale},
		"guided":        {loss.Config{Name: loss.EMD2, Classes: 3}, true, minGradientScale, 0.5},
		"coral":         {loss.Config{Name: loss.CORAL, Classes: 8}, false, 1, 1},
		"wrong":         {loss.Config{Name: "hinge"}, false, 1, 1},
	} {
		if s := (Config{Loss: c.loss, SelfGuided: c.guided}).gradientScale(); s < c.from-1e-9 || s > c.upTo+1e-9 {
			t.Errorf("%s: %g, want %g to %g", name, s, c.from, c.upTo)
		}
	}
}
