package head

import (
	"fmt"

	"finetune/invalid"
)

// maxHidden keeps a mistyped width from taking the memory.
const maxHidden = 1 << 16

// Check reports the first setting that can't be used, whatever the examples are, as a *invalid.Error under the name of its
// flag. Loss.Classes has to be known.
func (c Config) Check() error {
	if c.AutoLambda && c.Loss.Lambda != 0 {
		return &invalid.Error{Field: "--emd-weight", Found: fmt.Sprintf("both auto and %g", c.Loss.Lambda), Want: "one of them"}
	}
	c = c.Resolved(1, 1)
	if _, err := newLossSchedule(c); err != nil {
		return err
	}
	return c.check()
}

// check reports the first field of a resolved configuration that is out of its range.
func (c Config) check() error {
	if _, err := ParseDecision(string(c.Decision)); err != nil {
		return err
	}
	switch {
	case c.Hidden < 0 || c.Hidden > maxHidden:
		return wrong("--hidden", c.Hidden, fmt.Sprintf("0 to %d", maxHidden))
	case !between(c.Dropout, 0, 1):
		return wrong("--dropout", c.Dropout, "0 or more and below 1")
	case c.Optimizer != SGD && c.Optimizer != AdamW && c.Optimizer != LBFGS:
		return wrong("--optimizer", fmt.Sprintf("%q", c.Optimizer), "sgd, adamw or lbfgs")
	case !between(c.Momentum, 0, 1):
		return wrong("--momentum", c.Momentum, "0 or more and below 1")
	case c.Momentum > 0 && c.Optimizer != SGD:
		return wrong("--momentum", fmt.Sprintf("%g with --optimizer %s", c.Momentum, c.Optimizer), "--optimizer sgd")
	case !between(c.WeightDecay, 0, huge):
		return wrong("--weight-decay", c.WeightDecay, "a number from 0 up")
	case c.Epochs < 1:
		return wrong("--epochs", c.Epochs, "1 or more")
	case c.Patience < 0:
		return wrong("--patience", c.Patience, "0 or more")
	case c.Threads < 1:
		return wrong("--threads", c.Threads, "1 or more")
	}
	if c.Optimizer == LBFGS {
		if err := c.checkLBFGS(); err != nil {
			return err
		}
	} else if err := c.checkSteps(); err != nil {
		return err
	}
	return c.checkClassWeights()
}

// checkSteps checks what the optimisers read that take a step after each batch.
func (c Config) checkSteps() error {
	switch {
	case !(c.LR > 0) || c.LR > huge:
		return wrong("--lr", c.LR, "a number above 0")
	case c.Optimizer == AdamW && c.LR*c.WeightDecay > 1:
		return wrong("--weight-decay", c.WeightDecay, fmt.Sprintf("at most 1/lr = %g: a step multiplies weights by 1 − lr·decay", 1/c.LR))
	case c.BatchSize < 1:
		return wrong("--batch-size", c.BatchSize, "1 or more")
	case c.Schedule != Cosine && c.Schedule != Constant:
		return wrong("--schedule", fmt.Sprintf("%q", c.Schedule), "cosine or constant")
	}
	return nil
}

// checkLBFGS refuses what has no effect there.
func (c Config) checkLBFGS() error {
	given := func(flag string, found any) error {
		return &invalid.Error{Field: flag, Found: fmt.Sprintf("%v with --optimizer lbfgs", found), Want: "--optimizer sgd or adamw",
			Hint: "leave it out: L-BFGS works on all images at once and finds the size of its steps"}
	}
	switch {
	case c.LR != 0:
		return given("--lr", c.LR)
	case c.BatchSize != 0:
		return given("--batch-size", c.BatchSize)
	case c.Schedule != "":
		return given("--schedule", c.Schedule)
	case c.Dropout != 0:
		return &invalid.Error{Field: "--dropout", Found: fmt.Sprintf("%g with --optimizer lbfgs", c.Dropout), Want: "0: L-BFGS needs a loss that is the same each time",
			Hint: "leave it out, or use --optimizer sgd or adamw"}
	case c.SelfGuided && c.Hidden > 0:
		return &invalid.Error{Field: "--optimizer", Found: "lbfgs with a self-guided ground distance and a hidden layer", Want: "sgd or adamw",
			Hint: "the distance moves with the hidden layer, and L-BFGS needs a loss that stays"}
	}
	return nil
}

func (c Config) checkClassWeights() error {
	switch {
	case c.ClassWeights != nil && c.Balanced:
		return wrong("--class-weights", "both balanced and a list", "one of them")
	case c.ClassWeights != nil && len(c.ClassWeights) != c.Loss.Classes:
		return wrong("--class-weights", fmt.Sprintf("%d numbers", len(c.ClassWeights)), fmt.Sprintf("%d, one a class", c.Loss.Classes))
	}
	for _, w := range c.ClassWeights {
		if !between(w, 0, huge) {
			return wrong("--class-weights", w, "numbers from 0 up")
		}
	}
	return nil
}

const huge = 1e9

func wrong(flag string, found any, expected string) error {
	return &invalid.Error{Field: flag, Found: fmt.Sprint(found), Want: expected}
}

func between(v, low, high float64) bool { return v >= low && v < high }
