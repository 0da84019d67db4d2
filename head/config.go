package head

import "finetune/loss"

// The optimisers.
const (
	SGD   = "sgd"   // stochastic gradient descent with Nesterov momentum
	AdamW = "adamw" // Adam with decoupled weight decay
	LBFGS = "lbfgs" // limited-memory BFGS on all examples at once
)

// The learning rate schedules.
const (
	Cosine   = "cosine"   // from LR to zero along half a cosine, a step at a time
	Constant = "constant" // LR throughout
)

// Auto in a field of Config stands for the value that suits the rest of the configuration and the data. It is for fields
// whose zero means "none"; in the others zero says the same.
const Auto = -1

// Config says how to train. Only Loss is required. [Defaults] leaves everything to what proved robust, [Config.Resolved]
// says what that is.
type Config struct {
	Loss     loss.Config `json:"loss"`
	Decision Decision    `json:"decision"` // the rule behind Epoch.ValMAE; "": argmax

	Hidden  int     `json:"hidden"`  // width of the hidden layer; 0: none, a linear head
	Dropout float64 `json:"dropout"` // probability in [0, 1) to drop an input of the last layer, or Auto; 0: none
	Raw     bool    `json:"raw"`     // train on features as they are; false: centre and scale them by the training rows

	Optimizer   string  `json:"optimizer"`    // "": SGD for a linear head, AdamW with a hidden layer
	LR          float64 `json:"lr"`           // peak learning rate; 0: by optimiser and loss. Not for LBFGS
	Momentum    float64 `json:"momentum"`     // of SGD, in [0, 1), or Auto; 0: none
	WeightDecay float64 `json:"weight_decay"` // on weights, not biases, of the scaled features; from 0 up, or Auto; see below
	Epochs      int     `json:"epochs"`       // passes over the examples, of LBFGS iterations at most; 0: 30, of LBFGS 500
	BatchSize   int     `json:"batch_size"`   // 0: by optimiser; from the number of examples up: the full batch. Not for LBFGS
	Schedule    string  `json:"schedule"`     // of LR; "": Cosine. Not for LBFGS

	// WeightDecay is scaled as in PyTorch. AdamW multiplies weights by 1 − lr·WeightDecay at each step, whatever
	// the gradient; for SGD and LBFGS it is an L2 penalty of WeightDecay/2·|w|² beside the mean loss.

	Balanced     bool      `json:"balanced"`                // weigh class k by loss.BalancedWeights of the training examples
	ClassWeights []float64 `json:"class_weights,omitempty"` // K numbers from 0 up; nil: all 1. Not with Balanced
	Patience     int       `json:"patience"`                // epochs without a better validation loss before training stops and goes back to the best, or Auto; 0: run all, keep the last

	WarmupEpochs int  `json:"warmup_epochs"` // epochs of cross-entropy alone before Loss takes over, or Auto; 0: none
	AutoLambda   bool `json:"auto_lambda"`   // set Loss.Lambda of xemd2 after the last warm-up epoch; so it is for SelfGuided without a Lambda
	SelfGuided   bool `json:"self_guided"`   // measure the ground distance of Loss on the training features, each epoch

	Seed    uint64 `json:"seed"`
	Threads int    `json:"-"` // 0: as many as Go may use; results don't depend on it
}

// Defaults returns the configuration for l and the given hidden width that leaves all else to what proved robust.
func Defaults(l loss.Config, hidden int) Config {
	return Config{
		Loss: l, Hidden: hidden,
		Dropout: Auto, Momentum: Auto, WeightDecay: Auto, Patience: Auto, WarmupEpochs: Auto,
	}
}
