package compare

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"finetune/head"
	"finetune/invalid"
	"finetune/loss"
)

// DefaultLosses returns the losses that a Job compares by default: cross-entropy, the reference; squared EMD as train
// fits it, and by iterating with a tuned penalty; the two self-guided settings of its paper, XEMD1 and XEMD2; and other
// ordinal losses.
func DefaultLosses() []string {
	return []string{
		loss.CrossEntropy, loss.EMD2, loss.EMD2 + ":optimizer=sgd," + tuned, loss.EMD2 + ":optimizer=adamw," + tuned,
		loss.EMD2 + ":optimizer=lbfgs," + tuned,
		loss.XEMD2 + ":self-guided,omega=1,mu=0.5", loss.XEMD2 + ":self-guided,omega=2,mu=0.25",
		loss.EMD, loss.Sinkhorn, loss.L2, loss.CORAL, loss.CORN,
	}
}

// SplitLosses splits a comma-separated list such as "emd2,xemd2:self-guided,omega=2,coral" into losses. A part that
// isn't the name of a loss is an option of the loss before it. The error is an *invalid.Error.
func SplitLosses(list string) ([]string, error) {
	var specs []string
	for part := range strings.SplitSeq(list, ",") {
		part = strings.TrimSpace(part)
		if len(specs) > 0 && !slices.Contains(loss.Names(), lossName(part)) &&
			strings.Contains(specs[len(specs)-1], ":") {
			specs[len(specs)-1] += "," + part
			continue
		}
		specs = append(specs, part)
	}
	for _, s := range specs {
		if _, err := parseLoss(s); err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// A lossSpec is one parsed loss of a comparison with its changes to the shared settings.
type lossSpec struct {
	text    string
	name    string
	options []string // for head.SetSpec
	tuned   bool     // the weight decay is tuned in each fit
}

// parseLoss parses NAME or NAME:option,option=number,…. The error is an *invalid.Error.
func parseLoss(text string) (lossSpec, error) {
	name, options, has := strings.Cut(text, ":")
	s := lossSpec{text: text, name: name}
	wrong := func(found, expected string) (lossSpec, error) {
		return s, &invalid.Error{Field: "Losses", Path: text, Found: found, Want: expected,
			Hint: "see the documentation of {Losses}"}
	}
	if !slices.Contains(loss.Names(), name) {
		return wrong(fmt.Sprintf("the loss %q", name), "one of "+strings.Join(loss.Names(), ", "))
	}
	if !has {
		return s, nil
	}
	scratch, seen := head.Defaults(loss.Config{Name: name}, 0), map[string]bool{}
	for option := range strings.SplitSeq(options, ",") {
		key, _, _ := strings.Cut(option, "=")
		if seen[key] {
			return wrong(fmt.Sprintf("%q twice", key), "each option once")
		}
		seen[key] = true
		if option == tuned {
			s.tuned = true
			continue
		}
		if err := head.SetSpec(&scratch, option); err != nil {
			var e *invalid.Error
			if errors.As(err, &e) {
				return wrong(strings.TrimPrefix(e.Found, "the "), strings.Replace(e.Want, head.SpecOptions(), SpecOptions(), 1))
			}
			return s, err
		}
		s.options = append(s.options, option)
	}
	return s, nil
}

// config returns the configuration of the head for this loss: the common settings with the options of the loss. The
// warm-up and the self-guided options of common are ignored, and for a closed form all options of iterative training.
func (s lossSpec) config(common head.Config) head.Config {
	c := common
	c.Loss = loss.Config{Name: s.name}
	c.WarmupEpochs, c.SelfGuided, c.AutoLambda = head.Auto, false, false
	if slices.Contains(s.options, "optimizer="+head.ClosedForm) {
		open := head.Defaults(c.Loss, c.Hidden)
		open.Balanced, open.ClassWeights, open.Seed, open.Threads = c.Balanced, c.ClassWeights, c.Seed, c.Threads
		c = open
	}
	for _, option := range s.options {
		if err := head.SetSpec(&c, option); err != nil {
			panic(err) // parseLoss has checked it
		}
	}
	return c
}

// lossName returns the name of a loss without its options.
func lossName(text string) string {
	name, _, _ := strings.Cut(text, ":")
	return name
}

// wrap adds the loss to an error.
func (s lossSpec) wrap(err error) error { return fmt.Errorf("loss %s: %w", s.text, err) }

// lossTexts returns the losses as given.
func lossTexts(specs []lossSpec) []string {
	texts := make([]string, len(specs))
	for i, s := range specs {
		texts[i] = s.text
	}
	return texts
}
