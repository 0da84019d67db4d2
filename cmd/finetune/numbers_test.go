package main

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
)

// numericTypes are the types of flags that take numbers; "value" is an option of the head, of which some are words.
var numericTypes = []string{"int", "int64", "uint64", "float64", "duration", "numbers", "value", "i/n", "views", "bytes"}

// odd are numbers that a user may try, and numbers that a program may write by mistake.
var odd = []string{"0", "0.0", "-1", "nan", "inf", "-inf", "1000000000000000000000", "1e300", "", "none"}

// oddAccepted are the odd numbers that a flag takes, with their meaning. All others are refused.
var oddAccepted = map[string]string{
	"augment-seed":   "0", // a seed like others
	"bins":           "0 0.0 -1 1000000000000000000000 1e300",
	"class-weights":  "0 0.0", // no weight; the job refuses 0 for all classes
	"coverage":       "0 0.0", // no prediction sets
	"dropout":        "0 0.0", // none is dropped
	"emd-mu":         "0 0.0 -1",
	"hidden":         "0",     // a linear head
	"limit":          "0 0.0", // an empty cache
	"max-unreadable": "0 0.0", // no image may be unreadable
	"mean":           "0 0.0 -1 1000000000000000000000",
	"momentum":       "0 0.0", // none
	"patience":       "0",     // no early stopping
	"positions":      "0 0.0 -1 1000000000000000000000 1e300",
	"review-share":   "0 0.0", // none
	"search":         "0",     // no trial
	"seed":           "0",
	"scale":          "1000000000000000000000",
	"std":            "1000000000000000000000",
	"test-split":     "0 0.0", // nothing is held out
	"tta":            "0",     // false, as for every flag that is true or false
	"val-split":      "0 0.0", // nothing is held out
	"warmup-epochs":  "0",     // none
	"weight-decay":   "0 0.0", // none
	"worst":          "0",     // none
	"batch-wait":     "0",     // no wait
}

// visitNumeric calls f for every numeric flag of every command.
func visitNumeric(f func(c *cobra.Command, flag *pflag.Flag)) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(flag *pflag.Flag) {
			if o, ok := flag.Value.(*optionFlag); ok && o.option.Choices != nil {
				return
			}
			if slices.Contains(numericTypes, flag.Value.Type()) {
				f(c, flag)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{in: strings.NewReader(""), out: io.Discard, err: io.Discard}))
}

// Every numeric flag takes an odd number with its own meaning, or refuses it with what was found and what is expected; none takes it
// for the default. What stands for the default is a word.
func TestOddNumbers(t *testing.T) {
	seen := 0
	visitNumeric(func(c *cobra.Command, flag *pflag.Flag) {
		seen++
		for _, text := range odd {
			before := flag.Value.String()
			err := flagErrorOf(c, flag.Name, text)
			takes := slices.Contains(strings.Fields(oddAccepted[flag.Name]), text)
			switch {
			case takes && err != nil:
				t.Errorf("%s --%s %q is refused: %v", c.CommandPath(), flag.Name, text, err)
			case !takes && err == nil:
				t.Errorf("%s --%s %q is taken for %q", c.CommandPath(), flag.Name, text, flag.Value.String())
			case !takes:
				message := invalid.Text(err, flagName)
				if !invalid.Is(err) || !strings.HasPrefix(message, "--"+flag.Name+": ") || !strings.Contains(message, "; expected ") {
					t.Errorf("%s --%s %q: %v", c.CommandPath(), flag.Name, text, message)
				}
				if got := flag.Value.String(); got != before && flag.Value.Type() != "uint64" {
					t.Errorf("%s --%s %q is refused and yet %q became %q", c.CommandPath(), flag.Name, text, before, got)
				}
			}
		}
	})
	if seen < 80 {
		t.Errorf("only %d numeric flags were found", seen)
	}
}

// flagErrorOf gives a flag to a command as a user does.
func flagErrorOf(c *cobra.Command, name, text string) error {
	err := c.ParseFlags([]string{"--" + name + "=" + text})
	if err == nil {
		return nil
	}
	return flagError(c, err)
}

// Zeros that training takes are what it trains with.
func TestZerosInTraining(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 60, "", nil)
	for name, texts := range oddAccepted {
		if c := newTrain(&app{}); c.Flags().Lookup(name) == nil || !strings.HasPrefix(texts, "0") ||
			slices.Contains([]string{"bins", "mean", "positions", "class-weights", "augment-seed", "tta"}, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var errs strings.Builder
			args := []string{"train", "--features", folder, "--out", filepath.Join(t.TempDir(), "run"), "--optimizer", "sgd",
				"--epochs", "2", "-q", "--" + name, "0"}
			if status := execute(args, strings.NewReader(""), io.Discard, &errs); status != exitOK {
				t.Errorf("status %d: %s", status, errs.String())
			}
		})
	}
}
