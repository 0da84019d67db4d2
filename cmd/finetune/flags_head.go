package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"finetune/head"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
)

// headFlags registers a flag for each option of the head. Two of them take more than the option does: a ground distance may
// be a file, and a decision may be left to the validation images.
type headFlags struct {
	config             *head.Config
	distance, decision string
}

func newHeadFlags(c *head.Config) *headFlags {
	return &headFlags{config: c, decision: string(c.Decision)}
}

// add registers all options.
func (h *headFlags) add(f *pflag.FlagSet) {
	for _, o := range head.Options() {
		switch o.Name {
		case "ground-distance":
			f.StringVar(&h.distance, o.Name, "", o.Help+"; ordered, self-guided or a `file` with a K × K matrix")
		case "decision":
			f.StringVar(&h.decision, o.Name, h.decision, "decision `rule`: "+strings.Join(o.Choices, ", ")+", or auto: the best on the validation images")
		default:
			h.addOption(f, o)
		}
	}
}

// addTraining registers the options that all losses of a comparison share.
func (h *headFlags) addTraining(f *pflag.FlagSet) {
	for _, o := range head.Options() {
		if o.Group != "Loss" && o.Name != "decision" {
			h.addOption(f, o)
		}
	}
}

func (h *headFlags) addOption(f *pflag.FlagSet, o head.Option) {
	help := o.Help
	if o.Kind == head.Choice && o.Name != "optimizer" {
		help += ": " + strings.Join(o.Choices, ", ")
	}
	f.Var(&optionFlag{option: o, config: h.config}, o.Name, help)
}

// optionFlag is an option of the head as a flag.
type optionFlag struct {
	option head.Option
	config *head.Config
}

var _ pflag.Value = (*optionFlag)(nil)

func (o *optionFlag) Type() string { return "value" }

func (o *optionFlag) String() string {
	if o.config == nil {
		return ""
	}
	if text := o.option.Text(*o.config); text != "" {
		return text
	}
	return o.option.Default
}

func (o *optionFlag) Set(text string) error { return o.option.Set(o.config, text) }

// complete reads what flags name.
func (h *headFlags) complete() (err error) {
	option, _ := head.OptionOf("ground-distance")
	switch {
	case h.distance == "":
		return nil
	case h.distance == option.Word || slices.Contains(option.Choices, h.distance):
		return option.Set(h.config, h.distance)
	}
	h.config.Loss.Ground, err = artifact.ReadGroundDistance(h.distance)
	return err
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
