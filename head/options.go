package head

import (
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

	Range   loss.Range // of numbers
	Choices []string   // of a Choice
	Word    string     // accepted besides, mostly "auto"; "" for none

	Default string // the value without the option, short; "" where the job decides
	Auto    string // what auto stands for; "" where it isn't accepted
	Search  Search // how a search draws it; the zero value: it doesn't
	Spec    string // its name in a specification of one loss, see SetSpec; "": it is the same for all losses
	Batches bool   // read only by optimisers that take steps of batches, SGD and AdamW
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

const auto = "auto"

// unbounded is the upper bound of numbers that have none: it keeps products finite.
const unbounded = 1e9

// Options returns all options in the order in which they are documented. The slice is the caller's.
func Options() []Option {
	lossOption := func(parameter string, o Option) Option {
		for _, p := range loss.Parameters() {
			if p.Field == parameter {
				o.Field, o.Group, o.Kind, o.Range, o.Default = "Loss."+p.Field, "Loss", Float, p.Range, formatNumber(p.Default)
				o.value = func(c *Config) any { return p.Value(&c.Loss) }
			}
		}
		return o
	}
	return []Option{
		{Name: "loss", Field: "Loss.Name", Group: "Loss", Kind: Choice, Choices: loss.Names(),
			Search: Search{Choices: []string{loss.CrossEntropy, loss.EMD2, loss.XEMD2, loss.XEMD2}},
			Help:   "loss function", value: func(c *Config) any { return &c.Loss.Name }},
		{Name: "ground-distance", Field: "Loss.Ground", Group: "Loss", Kind: Choice, Choices: []string{"ordered"}, Word: "self-guided",
			Default: "ordered", Search: Search{Choices: []string{"ordered", "self-guided"}, With: "loss"}, Spec: "self-guided",
			Help: "distance between classes: equal steps, or measured on the training features",
			word: func(c *Config) *bool { return &c.SelfGuided }},
		lossOption("Lambda", Option{Name: "emd-weight", Word: auto, Search: Search{Low: 0.1, High: 10}, Spec: "weight",
			Auto: "cross-entropy / emd2 / 3.5, measured after the warm-up; the default with a self-guided ground distance",
			Help: "weight of emd2 in xemd2", word: func(c *Config) *bool { return &c.AutoLambda }}),
		lossOption("Omega", Option{Name: "emd-omega", Search: Search{Choices: []string{"1", "2"}}, Spec: "omega",
			Help: "power of the distances in emd2 and xemd2 with a matrix or a self-guided ground distance"}),
		lossOption("Mu", Option{Name: "emd-mu", Search: Search{Choices: []string{"0.5", "0.25"}, With: "emd-omega"}, Spec: "mu",
			Help: "number added to these distances"}),
		lossOption("Exponent", Option{Name: "emd-exponent", Spec: "exponent", Help: "exponent r of emd"}),
		lossOption("Gamma", Option{Name: "sinkhorn-gamma", Spec: "gamma",
			Help: "sharpness of sinkhorn per unit of distance: larger is closer to the exact transport cost"}),
		{Name: "warmup-epochs", Field: "Head.WarmupEpochs", Group: "Loss", Kind: Int, Range: loss.Range{High: unbounded}, Word: auto, Default: auto,
			Auto: "a sixth of the epochs where a weight or a ground distance is measured, 0 otherwise", Spec: "warmup",
			Help: "epochs of cross-entropy alone before the loss takes over", value: func(c *Config) any { return &c.WarmupEpochs }},

		{Name: "hidden", Field: "Head.Hidden", Group: "Head", Kind: Int, Range: loss.Range{High: 1 << 16}, Default: "0",
			Search: Search{Choices: []string{"0", "0", "64", "128", "256"}},
			Help:   "width of the hidden layer; 0 is a linear head", value: func(c *Config) any { return &c.Hidden }},
		{Name: "dropout", Field: "Head.Dropout", Group: "Head", Kind: Float, Range: loss.Range{High: 1, HighOpen: true}, Word: auto, Default: auto,
			Auto: "0.3 for a linear head, 0.5 with a hidden layer, 0 for lbfgs",
			Help: "probability to drop an input of the last layer in training", value: func(c *Config) any { return &c.Dropout }},
		{Name: "decision", Field: "Head.Decision", Group: "Head", Kind: Choice, Choices: decisionNames(), Default: string(Argmax),
			Help: "decision rule: how a distribution becomes a class", value: func(c *Config) any { return (*string)(&c.Decision) }},

		{Name: "optimizer", Field: "Head.Optimizer", Group: "Training", Kind: Choice, Choices: []string{SGD, AdamW, LBFGS}, Word: auto, Default: auto,
			Auto: "sgd for a linear head, adamw with a hidden layer",
			Help: "sgd with Nesterov momentum, adamw, or lbfgs on all images at once", value: func(c *Config) any { return &c.Optimizer }},
		{Name: "lr", Field: "Head.LR", Group: "Training", Kind: Float, Range: loss.Range{High: unbounded, LowOpen: true}, Word: auto, Default: auto,
			Auto:   "0.002 for adamw and l2, otherwise 0.02 divided by the scale of the loss's gradients",
			Search: Search{Low: 1. / 3, High: 3, Relative: true}, Spec: "lr", Batches: true,
			Help: "peak learning rate", value: func(c *Config) any { return &c.LR }},
		{Name: "momentum", Field: "Head.Momentum", Group: "Training", Kind: Float, Range: loss.Range{High: 1, HighOpen: true}, Word: auto, Default: auto,
			Auto: "0.9 for sgd, otherwise 0", Help: "momentum of sgd", value: func(c *Config) any { return &c.Momentum }},
		{Name: "weight-decay", Field: "Head.WeightDecay", Group: "Training", Kind: Float, Range: loss.Range{High: unbounded}, Word: auto, Default: auto,
			Auto:   "10 for adamw, otherwise by the numbers of images and features and the scale of the loss's gradients",
			Search: Search{Low: 0.1, High: 10, Relative: true}, Spec: "weight-decay",
			Help: "weight decay, scaled as in PyTorch; for sgd and lbfgs an L2 penalty", value: func(c *Config) any { return &c.WeightDecay }},
		{Name: "epochs", Field: "Head.Epochs", Group: "Training", Kind: Int, Range: loss.Range{Low: 1, High: 1e6}, Word: auto, Default: auto,
			Auto: "30, of lbfgs 500", Help: "passes over the training images; of lbfgs the most iterations", value: func(c *Config) any { return &c.Epochs }},
		{Name: "batch-size", Field: "Head.BatchSize", Group: "Training", Kind: Int, Range: loss.Range{Low: 1, High: unbounded}, Word: auto, Default: auto,
			Auto: "64 for sgd, 256 for adamw", Batches: true, Help: "images in a step", value: func(c *Config) any { return &c.BatchSize }},
		{Name: "schedule", Field: "Head.Schedule", Group: "Training", Kind: Choice, Choices: []string{Cosine, Constant}, Word: auto, Default: auto,
			Auto: Cosine, Batches: true, Help: "schedule of the learning rate", value: func(c *Config) any { return &c.Schedule }},
		{Name: "patience", Field: "Head.Patience", Group: "Training", Kind: Int, Range: loss.Range{High: unbounded}, Word: auto, Default: auto,
			Auto: "10, for lbfgs 0", Help: "epochs without a better validation loss before training stops and keeps the best; 0 trains all epochs",
			value: func(c *Config) any { return &c.Patience }},
		{Name: "class-weights", Field: "Head.ClassWeights", Group: "Training", Kind: Numbers, Range: loss.Range{High: unbounded}, Word: "balanced",
			Default: "1 for each class", Help: "weight of each class in the loss, or balanced: inverse to its frequency",
			value: func(c *Config) any { return &c.ClassWeights }, word: func(c *Config) *bool { return &c.Balanced }},
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
