package head

import (
	"cmp"
	"runtime"

	"finetune/loss"
)

// Resolved returns c with values in place of all that was left open, for a head on the given number of features and
// of training examples. What it returns resolves to itself.
//
// A linear head is a convex problem or nearly one. Small steps of SGD with early stopping and dropout come close to
// its solution and generalise well where there are about as many columns as examples; LBFGS solves it, with weight
// decay alone against overfitting. A hidden layer trains faster with AdamW and needs its strong decay. With SGD and
// LBFGS the decay is s·0.22·L/n, for n examples, L the number of columns up to 1,024 and s the scale of the loss's
// gradients (1 for cross-entropy): a prior that counts the less the more examples there are. The learning rate of SGD
// is divided by s.
func (c Config) Resolved(columns, examples int) Config {
	c.AutoLambda = c.AutoLambda || c.SelfGuided && c.Loss.Name == loss.XEMD2 && c.Loss.Lambda == 0
	c.Loss = c.Loss.WithDefaults()
	if c.AutoLambda {
		c.Loss.Lambda = 0
	}
	if c.SelfGuided && c.Loss.Name != loss.Sinkhorn {
		c.Loss.Omega = cmp.Or(c.Loss.Omega, 1)
	}
	c.Decision = cmp.Or(c.Decision, Argmax)
	c.Ensemble = cmp.Or(c.Ensemble, 1)
	if c.Optimizer == "" {
		c.Optimizer = c.usualOptimizer()
	}
	d := c.settings()
	resolve(&c.Dropout, d.dropout)
	resolve(&c.LR, d.rate)
	resolve(&c.Momentum, d.momentum)
	resolve(&c.Epochs, d.epochs)
	resolve(&c.BatchSize, d.batch)
	resolve(&c.Patience, d.patience)
	resolve(&c.Threads, runtime.GOMAXPROCS(0))
	c.Schedule = cmp.Or(c.Schedule, d.schedule)
	if c.WeightDecay == Auto {
		c.WeightDecay = 10
		switch c.Optimizer {
		case ClosedForm:
			c.WeightDecay = 0
		case SGD, LBFGS:
			c.WeightDecay = d.decay * min(2, 0.22*float64(min(columns, maxSquaredLength))/float64(max(1, examples)))
		}
	}
	if c.WarmupEpochs == Auto {
		c.WarmupEpochs = 0
		if c.SelfGuided || c.AutoLambda {
			c.WarmupEpochs = max(1, c.Epochs/6)
		}
	}
	return c
}

// usualOptimizer is what "" stands for. Who gives an option of iterative training wants to iterate.
func (c Config) usualOptimizer() string {
	if c.Hidden > 0 {
		return AdamW
	}
	if c.notClosedForm() != nil {
		return SGD
	}
	for _, o := range Options() {
		if o.Only != AllOptimizers && o.Text(c) != auto {
			return SGD
		}
	}
	return ClosedForm
}

// settings are the values that suit an optimiser.
type settings struct {
	rate              float64
	decay             float64 // relative to 0.22·L/n
	batch, epochs     int
	momentum, dropout float64
	schedule          string
	patience          int
}

func (c Config) settings() settings {
	s := c.gradientScale()
	d := settings{rate: 2e-3, batch: 256, epochs: 30, schedule: Cosine, patience: 10, dropout: 0.3, decay: s}
	if c.Hidden > 0 {
		d.dropout = 0.5
	}
	if c.Optimizer == SGD {
		d.rate, d.batch, d.momentum = min(0.02/s, maxDefaultRate), 64, 0.9
	}
	if c.Loss.Name == loss.L2 { // its curvature doesn't fall with a confident prediction, as that of a softmax does
		d.rate, d.decay = 2e-3, 4
	}
	if c.Optimizer == ClosedForm {
		return settings{}
	}
	if c.Optimizer == LBFGS { // it takes no batches and minimises the loss fully
		return settings{epochs: 500, decay: d.decay}
	}
	return d
}

func resolve[T int | float64](field *T, value T) {
	if *field == Auto {
		*field = value
	}
}
