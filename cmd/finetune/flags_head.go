package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"finetune/head"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
)

// headFlags binds the head and its training. The defaults are those of the job that it is for.
type headFlags struct {
	config            *head.Config
	flags             *pflag.FlagSet
	decision, weights string
	distance, lambda  string
}

func newHeadFlags(c *head.Config) *headFlags { return &headFlags{config: c} }

// add binds everything: the loss, what makes a class of a distribution, and the training.
func (h *headFlags) add(f *pflag.FlagSet) {
	c := h.config
	f.StringVar(&c.Loss.Name, "loss", c.Loss.Name, "`name` of the loss: "+strings.Join(loss.Names(), ", "))
	f.StringVar(&h.distance, "ground-distance", "", "how far classes lie apart: ordered, self-guided (measured on the features) or a `file` with a K × K matrix (default ordered)")
	f.StringVar(&h.lambda, "emd-weight", "", "`weight` of emd2 in xemd2, or auto: measured after the warm-up (default 1; auto for a self-guided distance)")
	f.Float64Var(&c.Loss.Omega, "emd-omega", 0, "`power` of the distances in emd2 and xemd2, for a matrix or self-guided (default 1)")
	f.Float64Var(&c.Loss.Mu, "emd-mu", 0, "`number` added to those distances (default 0)")
	f.Float64Var(&c.Loss.Exponent, "emd-exponent", 0, "`exponent` r of emd, at least 1 (default 2)")
	f.Float64Var(&c.Loss.Gamma, "sinkhorn-gamma", 0, "`sharpness` of sinkhorn, per unit of distance: larger is nearer to the exact cost (default 10)")
	f.IntVar(&c.WarmupEpochs, "warmup-epochs", c.WarmupEpochs, "`epochs` of cross-entropy alone before the loss takes over (auto: a sixth of --epochs where a distance or weight is measured, else 0)")
	f.StringVar(&h.decision, "decision", string(c.Decision), "`rule` that makes a class of a distribution: argmax, median, mean, least-distance (least expected ground distance), or auto: the best on the validation images")
	f.Lookup("warmup-epochs").DefValue = "auto"
	h.addTraining(f)
}

// addTraining binds what doesn't depend on the loss. What isn't given suits the loss, the width and the number of images.
func (h *headFlags) addTraining(f *pflag.FlagSet) {
	h.flags = f
	c := h.config
	f.IntVar(&c.Hidden, "hidden", c.Hidden, "`width` of a hidden layer; 0 is a linear head")
	f.Float64Var(&c.Dropout, "dropout", c.Dropout, "`share` of the last layer's inputs that are dropped in training")
	f.StringVar(&c.Optimizer, "optimizer", c.Optimizer, "sgd (with Nesterov momentum), adamw or lbfgs (all images at once, to the optimum)")
	f.Float64Var(&c.LR, "lr", c.LR, "peak learning `rate`; not for lbfgs")
	f.Float64Var(&c.Momentum, "momentum", c.Momentum, "`momentum` of sgd")
	f.Float64Var(&c.WeightDecay, "weight-decay", c.WeightDecay, "weight `decay`, scaled as in PyTorch; for lbfgs an L2 penalty of half of it")
	f.IntVar(&c.Epochs, "epochs", c.Epochs, "`passes` over the training images; of lbfgs iterations at most")
	f.IntVar(&c.BatchSize, "batch-size", c.BatchSize, "`images` a step; not for lbfgs")
	f.StringVar(&c.Schedule, "schedule", c.Schedule, "of the learning rate: cosine or constant; not for lbfgs")
	f.IntVar(&c.Patience, "patience", c.Patience, "stop after so many `epochs` without a better validation loss and keep the best; 0 never stops")
	f.StringVar(&h.weights, "class-weights", "", "balanced, or a `number` for each class")
	for _, name := range []string{"dropout", "optimizer", "lr", "momentum", "weight-decay", "epochs", "batch-size", "schedule", "patience"} {
		f.Lookup(name).DefValue = "auto" // for the help
	}
}

// complete turns words into what the library takes.
func (h *headFlags) complete() (err error) {
	c := h.config
	// The library takes 0 for "what suits". Whoever types it means 0.
	for _, name := range []string{"lr", "epochs", "batch-size", "emd-omega", "emd-exponent", "sinkhorn-gamma"} {
		if given := h.flags.Lookup(name); given != nil && given.Changed && given.Value.String() == "0" {
			return &invalid.Error{Field: "--" + name, Found: "0", Want: "a number above 0", Hint: "leave it out for what suits the loss and the data"}
		}
	}
	switch h.distance {
	case "", "ordered":
	case "self-guided":
		c.SelfGuided = true
	default:
		if c.Loss.Ground, err = artifact.ReadGroundDistance(h.distance); err != nil {
			return err
		}
	}
	switch h.lambda {
	case "":
	case "auto":
		c.AutoLambda = true
	default:
		v, err := strconv.ParseFloat(h.lambda, 64)
		if err != nil || v == 0 {
			return &invalid.Error{Field: "--emd-weight", Found: strconv.Quote(h.lambda), Want: "a number above 0, or auto"}
		}
		c.Loss.Lambda = v
	}
	switch h.weights {
	case "":
	case "balanced":
		c.Balanced = true
	default:
		weights := &numbersFlag{values: &c.ClassWeights, name: "--class-weights"}
		return weights.Set(h.weights)
	}
	return nil
}

func softeningFlag(f *pflag.FlagSet, s *crossval.Softening) {
	f.Var(&softenFlag{s}, "soften", "spread labels over neighbouring classes in training: none, binomial, triangular[:half width in classes] or exponential[:decay in classes] (default none)")
}

// softenFlag reads how labels are softened.
type softenFlag struct{ soften *crossval.Softening }

var _ pflag.Value = (*softenFlag)(nil)

func (s *softenFlag) Type() string { return "function" }
func (s *softenFlag) String() string {
	if s.soften == nil || s.soften.Function == "" {
		return ""
	}
	return fmt.Sprintf("%s:%g", s.soften.Function, s.soften.Width)
}
func (s *softenFlag) Set(text string) (err error) {
	*s.soften, err = crossval.ParseSoftening(text)
	return err
}
