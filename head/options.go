package head

import (
	"finetune/invalid"
	"finetune/loss"
)

// A Kind is the form of an option's value.
type Kind int

// The kinds.
const (
	Int     Kind = iota // an integer in Range
	Float               // a number in Range
	Choice              // one of Choices
	Numbers             // a number in Range for each class, with commas between
)

// An Option is a hyper-parameter of [Config]: the one declaration from which flags, range checks, loss
// specifications, search spaces and the documentation are made.
type Option struct {
	Name  string // as users write it: "weight-decay"
	Field string // its Go name: "Head.WeightDecay", "Loss.Lambda"
	Group string // "Loss", "Head" or "Training"
	Kind  Kind

	Range   invalid.Range // of numbers
	Choices []string      // of a Choice
	Word    string        // accepted besides, mostly "auto"; "" for none

	Default string // the value without the option, short; "" where the job decides
	Auto    string // what auto stands for; "" where it isn't accepted
	Search  Search // how a search draws it; the zero value: it doesn't
	Spec    string // its name in a specification of one loss, see SetSpec; "": it is the same for all losses
	Only    Only   // which optimisers read it
	Help    string // the meaning, in one line

	value func(*Config) any   // *int, *float64, *string or *[]float64; nil where the word is all that is stored
	word  func(*Config) *bool // whether the word was given; nil where value holds that, as Auto or ""
}

// A Search is the values that a search draws an option from.
type Search struct {
	Low, High float64  // log-uniformly between them
	Relative  bool     // Low and High are factors of what auto stands for
	Choices   []string // each with the same probability, as Set takes them
	With      string   // the option that this one is searched with: the search has no name for it alone
}

// Only says which optimisers an option is for.
type Only int

// The sets of optimisers.
const (
	AllOptimizers Only = iota
	Iterative          // all but ClosedForm
	Batches            // those that take steps of batches: SGD and AdamW
)

// readBy reports whether an optimiser is one of them.
func (o Only) readBy(optimizer string) bool {
	return o == AllOptimizers || optimizer != ClosedForm && (o == Iterative || optimizer != LBFGS)
}

const auto = "auto"

// unbounded is the upper bound of numbers that have none: it keeps products finite.
const unbounded = 1e9

// Options returns all options in the order in which they are documented. The slice is the caller's.
func Options() []Option {
	anyCount, fraction := invalid.Range{High: unbounded}, invalid.Range{High: 1, HighOpen: true}
	options := []Option{
		{Name: "loss", Field: "Loss.Name", Group: "Loss", Kind: Choice, Choices: loss.Names(),
			Search: Search{Choices: []string{loss.CrossEntropy, loss.EMD2, loss.XEMD2, loss.XEMD2}},
			value:  func(c *Config) any { return &c.Loss.Name },
			Help:   "loss function"},
		{Name: "ground-distance", Field: "Loss.Ground", Group: "Loss", Kind: Choice, Choices: []string{"ordered"},
			Word: "self-guided", word: func(c *Config) *bool { return &c.SelfGuided }, Default: "ordered", Spec: "self-guided",
			Search: Search{Choices: []string{"ordered", "self-guided"}, With: "loss"},
			Help:   "distance between classes: equal steps, or measured on the training features"},
		{Name: "emd-weight", Field: "Loss.Lambda", word: func(c *Config) *bool { return &c.AutoLambda }, Spec: "weight",
			Auto:   "cross-entropy / emd2 / 3.5, measured after the warm-up; the default with a self-guided distance",
			Search: Search{Low: 0.1, High: 10},
			Help:   "weight of emd2 in xemd2"},
		{Name: "emd-omega", Field: "Loss.Omega", Search: Search{Choices: []string{"1", "2"}}, Spec: "omega",
			Help: "power of the distances in emd2 and xemd2 with a matrix or a self-guided distance"},
		{Name: "emd-mu", Field: "Loss.Mu", Search: Search{Choices: []string{"0.5", "0.25"}, With: "emd-omega"}, Spec: "mu",
			Help: "number added to these distances"},
		{Name: "emd-exponent", Field: "Loss.Exponent", Spec: "exponent",
			Help: "exponent r of emd"},
		{Name: "sinkhorn-gamma", Field: "Loss.Gamma", Spec: "gamma",
			Help: "sharpness of sinkhorn per unit of distance: larger is closer to the exact transport cost"},
		{Name: "warmup-epochs", Field: "Head.WarmupEpochs", Group: "Loss", Kind: Int, Range: anyCount, Spec: "warmup",
			Auto: "a sixth of the epochs where a weight or a distance is measured, 0 otherwise", Only: Iterative,
			value: func(c *Config) any { return &c.WarmupEpochs },
			Help:  "epochs of cross-entropy alone before the loss takes over"},

		{Name: "hidden", Field: "Head.Hidden", Group: "Head", Kind: Int, Range: invalid.Range{High: 1 << 16}, Default: "0",
			Search: Search{Choices: []string{"0", "0", "64", "128", "256"}},
			value:  func(c *Config) any { return &c.Hidden },
			Help:   "width of the hidden layer; 0 is a linear head. With emd2 or xemd2 it is trained beside the linear head in closed form; for optimizer closed-form its weights are random and the layer on it is solved"},
		{Name: "dropout", Field: "Head.Dropout", Group: "Head", Kind: Float, Range: fraction,
			Auto: "0.3 for a linear head, 0.5 with a hidden layer, 0 for lbfgs", Only: Iterative,
			value: func(c *Config) any { return &c.Dropout },
			Help:  "probability to drop an input of the last layer in training"},
		{Name: "ensemble", Field: "Head.Ensemble", Group: "Head", Kind: Int, Range: invalid.Range{Low: 1, High: maxEnsemble},
			Default: "1", Spec: "ensemble",
			value: func(c *Config) any { return &c.Ensemble },
			Help:  "networks that are trained with different seeds and joined into one that gives the mean of their logits"},
		{Name: "decision", Field: "Head.Decision", Group: "Head", Kind: Choice, Choices: decisionNames(),
			Default: string(Argmax),
			value:   func(c *Config) any { return (*string)(&c.Decision) },
			Help:    "decision rule: how a distribution becomes a class"},

		{Name: "optimizer", Field: "Head.Optimizer", Group: "Training", Kind: Choice, Choices: []string{SGD, AdamW, LBFGS, ClosedForm},
			Auto: "closed-form for a linear head with emd2 or xemd2, the ordered distance and no option of iterative " +
				"training; otherwise sgd for a linear head, adamw with a hidden layer", Spec: "optimizer",
			value: func(c *Config) any { return &c.Optimizer },
			Help:  "sgd with Nesterov momentum, adamw, lbfgs on all images at once, or closed-form: solved without iterating"},
		{Name: "lr", Field: "Head.LR", Group: "Training", Kind: Float, Range: invalid.Range{High: unbounded, LowOpen: true},
			Auto:   "0.002 for adamw and l2, otherwise 0.02 divided by the scale of the loss's gradients",
			Search: Search{Low: 1. / 3, High: 3, Relative: true}, Spec: "lr", Only: Batches,
			value: func(c *Config) any { return &c.LR },
			Help:  "peak learning rate"},
		{Name: "momentum", Field: "Head.Momentum", Group: "Training", Kind: Float, Range: fraction,
			Auto: "0.9 for sgd, otherwise 0", Only: Iterative,
			value: func(c *Config) any { return &c.Momentum },
			Help:  "momentum of sgd"},
		{Name: "weight-decay", Field: "Head.WeightDecay", Group: "Training", Kind: Float, Range: anyCount,
			Spec: "weight-decay", Only: Iterative,
			Auto:   "10 for adamw, otherwise by the numbers of images and features and the scale of the loss's gradients",
			Search: Search{Low: 0.1, High: 10, Relative: true},
			value:  func(c *Config) any { return &c.WeightDecay },
			Help:   "weight decay, scaled as in PyTorch; for sgd and lbfgs an L2 penalty"},
		{Name: "epochs", Field: "Head.Epochs", Group: "Training", Kind: Int, Range: invalid.Range{Low: 1, High: 1e6},
			Auto: "30, for lbfgs 500", Only: Iterative,
			value: func(c *Config) any { return &c.Epochs },
			Help:  "passes over the training images; for lbfgs the largest number of iterations"},
		{Name: "batch-size", Field: "Head.BatchSize", Group: "Training", Kind: Int,
			Range: invalid.Range{Low: 1, High: unbounded},
			Auto:  "64 for sgd, 256 for adamw", Only: Batches,
			value: func(c *Config) any { return &c.BatchSize },
			Help:  "images in a step"},
		{Name: "schedule", Field: "Head.Schedule", Group: "Training", Kind: Choice, Choices: []string{Cosine, Constant},
			Auto: Cosine, Only: Batches,
			value: func(c *Config) any { return &c.Schedule },
			Help:  "schedule of the learning rate"},
		{Name: "patience", Field: "Head.Patience", Group: "Training", Kind: Int, Range: anyCount,
			Auto: "10, for lbfgs 0", Only: Iterative,
			value: func(c *Config) any { return &c.Patience },
			Help:  "epochs without a better validation loss before training stops and keeps the best; 0 trains all epochs"},
		{Name: "class-weights", Field: "Head.ClassWeights", Group: "Training", Kind: Numbers, Range: anyCount,
			Word: "balanced", word: func(c *Config) *bool { return &c.Balanced }, Default: "1 for each class",
			value: func(c *Config) any { return &c.ClassWeights },
			Help:  "weight of each class in the loss, or balanced: inverse to its frequency"},
	}
	for i := range options {
		options[i].complete()
	}
	return options
}

// complete fills in what follows from the other fields, and from the loss's own table.
func (o *Option) complete() {
	if o.Auto != "" {
		o.Word, o.Default = auto, auto
	}
	for _, p := range loss.Parameters() {
		if o.Field == "Loss."+p.Field {
			o.Group, o.Kind, o.Range, o.Default = "Loss", Float, p.Range, formatNumber(p.Default)
			o.value = func(c *Config) any { return p.Value(&c.Loss) }
		}
	}
}

// OptionOf returns the option of that name, as "weight-decay".
func OptionOf(name string) (Option, bool) {
	for _, o := range Options() {
		if o.Name == name {
			return o, true
		}
	}
	return Option{}, false
}
