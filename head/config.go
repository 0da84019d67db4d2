package head

import "finetune/loss"

// The optimisers.
const (
	SGD   = "sgd"   // stochastic gradient descent with Nesterov momentum
	AdamW = "adamw" // Adam with decoupled weight decay
	LBFGS = "lbfgs" // limited-memory BFGS on all examples at once

	// ClosedForm solves a linear head, or one on a hidden layer of random weights, without iterating over the examples, by
	// package closedform: emd2 and xemd2 with the ordered distance or positions. It takes no option of iterative training,
	// and [Result.OutOfFold] has predictions of all training examples by regressions without them.
	ClosedForm = "closed-form"
)

// The learning rate schedules.
const (
	Cosine   = "cosine"   // from LR to zero along half a cosine, a step at a time
	Constant = "constant" // LR throughout
)

// Auto in a numeric field of [Config] stands for the value that suits the rest of the configuration and the data.
// Zero is zero.
const Auto = -1

// A Config holds the hyper-parameters of a head and its training. [Defaults] returns one that leaves everything but
// the loss and the width open: numbers are [Auto] and names empty. [Config.Resolved] replaces them. [Options] gives
// ranges and meanings as a table.
type Config struct {
	Loss     loss.Config `json:"loss"`
	Decision Decision    `json:"decision"` // the rule behind Epoch.ValMAE; "": argmax

	// Hidden is the width of the hidden layer; 0: none, a linear head. Where ClosedForm would apply without it, SGD and AdamW train it
	// beside that: the logits are the sum of both, and the network has two more units for each class. With ClosedForm its
	// weights are random, and the layer on it is solved.
	Hidden  int     `json:"hidden"`
	Dropout float64 `json:"dropout"` // probability in [0, 1) to drop an input of the last layer, or Auto
	// Ensemble is the number of networks that are trained with different seeds and joined into one, whose logits are the means of
	// theirs: with a hidden layer one of Ensemble × Hidden units. 0 stands for 1.
	Ensemble int  `json:"ensemble"`
	Raw      bool `json:"raw"` // train on features as they are; false: standardise them by the training examples

	// Optimizer: "" stands for ClosedForm where it applies and no option of iterative training is given, otherwise SGD for
	// a linear head and AdamW with a hidden layer.
	Optimizer   string  `json:"optimizer"`
	LR          float64 `json:"lr"`           // peak learning rate, above 0, or Auto. Not for LBFGS
	Momentum    float64 `json:"momentum"`     // of SGD, in [0, 1), or Auto
	WeightDecay float64 `json:"weight_decay"` // of weights, not biases, on standardised features, or Auto; see below
	Epochs      int     `json:"epochs"`       // passes over the examples, iterations of LBFGS, or Auto
	BatchSize   int     `json:"batch_size"`   // or Auto; at least the number of examples: the full batch. Not for LBFGS
	Schedule    string  `json:"schedule"`     // of LR; "": Cosine. Not for LBFGS

	// WeightDecay is scaled as in PyTorch. AdamW multiplies weights by 1 − lr·WeightDecay at each step, whatever
	// the gradient; for SGD and LBFGS it is an L2 penalty of WeightDecay/2·|w|² beside the mean loss.

	// weigh classes by loss.BalancedWeights of the training examples
	Balanced     bool      `json:"balanced"`
	ClassWeights []float64 `json:"class_weights,omitempty"` // K weights, 0 or more; nil: all 1. Not with Balanced

	// Patience is the number of epochs without a better validation loss after which training stops and the best epoch
	// is kept; 0: train all epochs and keep the last. Or Auto.
	Patience int `json:"patience"`

	WarmupEpochs int  `json:"warmup_epochs"` // epochs of cross-entropy alone before Loss, or Auto
	AutoLambda   bool `json:"auto_lambda"`   // measure Loss.Lambda after the warm-up; implied by SelfGuided without one
	SelfGuided   bool `json:"self_guided"`   // measure the ground distance on the training features, each epoch

	Seed    uint64 `json:"seed"`
	Threads int    `json:"-"` // or Auto: as many as Go may use. Results don't depend on it
}

// Defaults returns the configuration for l and the given hidden width that leaves all other fields open.
func Defaults(l loss.Config, hidden int) Config {
	return Config{
		Loss: l, Hidden: hidden, Dropout: Auto, LR: Auto, Momentum: Auto, WeightDecay: Auto, Epochs: Auto, BatchSize: Auto,
		Ensemble: 1,
		Patience: Auto, WarmupEpochs: Auto, Threads: Auto,
	}
}
