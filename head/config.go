package head

import (
	"fmt"
	"runtime"

	"finetune/internal/mistake"
	"finetune/loss"
)

// The optimisers.
const (
	SGD   = "sgd"   // stochastic gradient descent with Nesterov momentum
	AdamW = "adamw" // Adam with decoupled weight decay
)

// The learning rate schedules.
const (
	Cosine   = "cosine"   // from LR to zero along half a cosine, a step at a time
	Constant = "constant" // LR throughout
)

// AutoDecay as Config.WeightDecay stands for the decay that suits the optimiser and the n training examples. For SGD it is
// 0.22·L/n, at most 2, with L the number of feature columns up to 1,024: a prior that counts the less the more
// examples there are. For AdamW it is 10.
const AutoDecay = -1

// Config says how to train. Only Loss is required; the zero value of every other field is documented and valid.
// [Defaults] fills in the settings that proved robust.
type Config struct {
	Loss     loss.Config `json:"loss"`
	Decision Decision    `json:"decision"` // the rule behind Epoch.ValMAE; "": argmax

	Hidden  int     `json:"hidden"`  // width of the hidden layer; 0: none, a linear head
	Dropout float64 `json:"dropout"` // probability in [0, 1) to drop an input of the last layer; 0: none
	Raw     bool    `json:"raw"`     // train on features as they are; false: centre and scale them by the training rows

	Optimizer   string  `json:"optimizer"`    // "": AdamW
	LR          float64 `json:"lr"`           // peak learning rate; 0: 2e-3 for AdamW, 5e-3 for SGD
	Momentum    float64 `json:"momentum"`     // of SGD, in [0, 1); 0: none
	WeightDecay float64 `json:"weight_decay"` // on weights, not biases, of the scaled features; AutoDecay, or from 0 up; see below
	Epochs      int     `json:"epochs"`       // 0: 30
	BatchSize   int     `json:"batch_size"`   // 0: 256; from the number of examples up: the full batch
	Schedule    string  `json:"schedule"`     // "": Cosine

	// WeightDecay is scaled as in PyTorch. AdamW multiplies weights by 1 − lr·WeightDecay at each step, whatever
	// the gradient; SGD adds WeightDecay·w to the gradient, which is an L2 penalty of WeightDecay/2·|w|².

	Balanced     bool      `json:"balanced"`                // weigh class k by loss.BalancedWeights of the training examples
	ClassWeights []float64 `json:"class_weights,omitempty"` // K numbers from 0 up; nil: all 1. Not with Balanced
	Patience     int       `json:"patience"`                // epochs without a better validation loss before training stops and goes back to the best; 0: run all, keep the last

	WarmupEpochs int  `json:"warmup_epochs"` // epochs of cross-entropy alone before Loss takes over; 0: none
	AutoLambda   bool `json:"auto_lambda"`   // set Loss.Lambda of xemd2 by the last warm-up epoch
	SelfGuided   bool `json:"self_guided"`   // measure the ground distance of Loss on the training features, each epoch

	Seed    uint64 `json:"seed"`
	Threads int    `json:"threads"` // 0: as many as Go may use; results don't depend on it
}

// Defaults returns the settings for l and the given hidden width that proved robust on features with about as many
// columns as examples, where a head overfits easily. A linear head is a convex problem that small steps of SGD come
// close to solving; a hidden layer trains faster with AdamW and needs its strong decay.
func Defaults(l loss.Config, hidden int) Config {
	c := Config{Loss: l, Decision: Argmax, Hidden: hidden, Epochs: 30, Schedule: Cosine, Patience: 10}
	if hidden > 0 {
		c.Optimizer, c.LR, c.WeightDecay, c.BatchSize, c.Dropout = AdamW, 2e-3, AutoDecay, 256, 0.5
		return c
	}
	c.Optimizer, c.LR, c.Momentum, c.WeightDecay, c.BatchSize, c.Dropout = SGD, 0.02, 0.9, AutoDecay, 64, 0.3
	if l.Name == loss.L2 {
		c.LR = 2e-3 // its curvature doesn't fall where it is sure, as that of a softmax does
	}
	return c
}

// resolved returns c with the documented values in place of zeros, for these training examples.
func (c Config) resolved(train Examples) Config {
	if c.Decision == "" {
		c.Decision = Argmax
	}
	if c.Optimizer == "" {
		c.Optimizer = AdamW
	}
	if c.LR == 0 {
		c.LR = 2e-3
		if c.Optimizer == SGD {
			c.LR = 0.02
		}
	}
	if c.WeightDecay == AutoDecay {
		c.WeightDecay = min(2, 0.22*float64(min(train.Features.Cols, lengthLimit))/float64(max(1, train.Len())))
		if c.Optimizer == AdamW {
			c.WeightDecay = 10
		}
	}
	if c.Epochs == 0 {
		c.Epochs = 30
	}
	if c.BatchSize == 0 {
		c.BatchSize = 256
	}
	if c.Schedule == "" {
		c.Schedule = Cosine
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	return c
}

// maxHidden keeps a mistyped width from taking the memory.
const maxHidden = 1 << 16

// check reports the first field of a resolved configuration that is out of its range, as a *mistake.Error.
func (c Config) check(classes int) error {
	wrong := func(flag string, found any, expected string) error {
		return &mistake.Error{Subject: flag, Found: fmt.Sprint(found), Expected: expected}
	}
	between := func(v, low, high float64) bool { return v >= low && v < high }
	const huge = 1e9
	if _, err := ParseDecision(string(c.Decision)); err != nil {
		return err
	}
	switch {
	case c.Hidden < 0 || c.Hidden > maxHidden:
		return wrong("--hidden", c.Hidden, fmt.Sprintf("0 to %d", maxHidden))
	case !between(c.Dropout, 0, 1):
		return wrong("--dropout", c.Dropout, "0 or more and below 1")
	case c.Optimizer != SGD && c.Optimizer != AdamW:
		return wrong("--optimizer", fmt.Sprintf("%q", c.Optimizer), "sgd or adamw")
	case !(c.LR > 0) || c.LR > huge:
		return wrong("--lr", c.LR, "a number above 0")
	case !between(c.Momentum, 0, 1):
		return wrong("--momentum", c.Momentum, "0 or more and below 1")
	case !between(c.WeightDecay, 0, huge):
		return wrong("--weight-decay", c.WeightDecay, "a number from 0 up")
	case c.Optimizer == AdamW && c.LR*c.WeightDecay > 1:
		return wrong("--weight-decay", c.WeightDecay, fmt.Sprintf("at most 1/lr = %g: a step multiplies weights by 1 − lr·decay", 1/c.LR))
	case c.Epochs < 1:
		return wrong("--epochs", c.Epochs, "1 or more")
	case c.BatchSize < 1:
		return wrong("--batch-size", c.BatchSize, "1 or more")
	case c.Schedule != Cosine && c.Schedule != Constant:
		return wrong("schedule", fmt.Sprintf("%q", c.Schedule), "cosine or constant")
	case c.Patience < 0:
		return wrong("--patience", c.Patience, "0 or more")
	case c.Threads < 1:
		return wrong("--threads", c.Threads, "1 or more")
	case c.ClassWeights != nil && c.Balanced:
		return wrong("--class-weights", "both balanced and a list", "one of them")
	case c.ClassWeights != nil && len(c.ClassWeights) != classes:
		return wrong("--class-weights", fmt.Sprintf("%d numbers", len(c.ClassWeights)), fmt.Sprintf("%d, one a class", classes))
	}
	for _, w := range c.ClassWeights {
		if !between(w, 0, huge) {
			return wrong("--class-weights", w, "numbers from 0 up")
		}
	}
	return nil
}
