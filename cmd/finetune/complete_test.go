package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/head"
)

func eachCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, visit)
	}
}

func TestChoicesAreCompleted(t *testing.T) {
	for _, o := range head.Options() {
		values, _ := flagValues(&pflag.Flag{Name: o.Name})
		for _, want := range o.Choices {
			if !slices.Contains(values, want) {
				t.Errorf("--%s: %s isn't completed: %q", o.Name, want, values)
			}
		}
	}
}

// TestCompletedValuesAreDocumented finds values that the flag no longer takes, and names of flags that are gone.
func TestCompletedValuesAreDocumented(t *testing.T) {
	seen := map[string]bool{}
	eachCommand(newRoot(&app{}), func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			seen[f.Name] = true
			if _, ok := head.OptionOf(f.Name); ok || slices.Contains([]string{"preset", "metric", "losses", "with"}, f.Name) {
				return // made from the tables that the program reads
			}
			values, _ := flagValues(f)
			for _, v := range values {
				if !strings.Contains(f.Usage, v) && !strings.Contains(c.Long, v) {
					t.Errorf("%s --%s: completes %s, of which the help says nothing: %s", c.CommandPath(), f.Name, v, f.Usage)
				}
			}
		})
	})
	for name := range flagFiles {
		if !seen[name] {
			t.Errorf("--%s is completed, but no command has it", name)
		}
	}
	for _, name := range flagFolders {
		if !seen[name] {
			t.Errorf("--%s is completed, but no command has it", name)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"train --optimizer ", "sgd\nadamw\nlbfgs\nclosed-form\nauto\n:36\n"},
		{"--decision ", "argmax\nmedian\nmean\nleast-distance\nauto\n:36\n"},
		{"train --augment flip,", "flip,crop\nflip,scale\nflip,colour\n:38\n"},
		{"train --backbone ", "onnx\n:8\n"},
		{"predict --model ", ":16\n"},
		{"predict --format ", "csv\njsonl\nparquet\n:36\n"},
		{"train --lr ", "auto\n:36\n"},
		{"train --folds ", ":4\n"},
	} {
		t.Run(c.line, func(t *testing.T) {
			var out, errs bytes.Buffer
			if status := execute(append([]string{"__complete"}, strings.Split(c.line, " ")...), strings.NewReader(""), &out, &errs); status != exitOK {
				t.Fatalf("exit %d: %s", status, &errs)
			}
			if out.String() != c.want {
				t.Errorf("got %q, want %q", &out, c.want)
			}
		})
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var out, errs bytes.Buffer
		if status := execute([]string{"completion", shell}, strings.NewReader(""), &out, &errs); status != exitOK || !strings.Contains(out.String(), "__complete") {
			t.Errorf("%s: exit %d, %d bytes: %s", shell, status, out.Len(), &errs)
		}
	}
}
