package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/head"
)

// helpWidth is the length of a line of help where no terminal is narrower.
const helpWidth = 100

// A flagGroup is a heading of the help and the flags under it.
type flagGroup struct {
	name  string
	flags []string
}

// flagGroups are the headings in the order of the help. The flags of the head's options are added from the table of options.
var flagGroups = []flagGroup{
	{"Data", []string{"data", "unlabelled", "shard", "features", "image", "label-regex", "group-regex", "image-column", "label-column", "split-column", "fold-column", "group-column", "weight-column", "vote-columns", "order", "positions", "bins", "val-split", "test-split", "seed", "folds", "refit", "seeds", "repeats"}},
	{"Backbone", []string{"backbone", "quality", "precision", "feature-precision", "tap", "pool", "pool-stat", "preset", "image-size", "crop-pct", "resize", "interpolation", "channel-order", "scale", "mean", "std", "white", "views", "augment", "augment-seed"}},
	{"Loss", []string{"losses"}},
	{"Head", nil},
	{"Training", []string{"soften", "search", "search-time"}},
	{"Evaluation", []string{"model", "check", "reviewer", "metric", "calibrate", "coverage", "tta", "resamples", "class", "method", "patch", "stride", "worst", "by", "count", "level", "review-share", "learning-curve", "fail-on", "fail-on-drift"}},
	{"Output", []string{"out", "report", "overwrite", "resume", "explain", "tensorboard", "maps", "format", "input", "columns", "spreadsheet-safe", "json", "quiet", "strict", "max-unreadable"}},
	{"Runtime", []string{"threads", "image-batch", "device", "device-option", "cache", "no-cache", "addr", "token-file", "max-bytes", "max-pixels", "max-images", "timeout", "drain", "max-requests", "max-waiting", "batch-wait", "no-explain", "log", "limit", "library", "config", "from", "with"}},
}

// basicFlags are those that most people need, which --help shows; --help-all shows all. A command with few flags shows all, too.
var basicFlags = []string{"data", "features", "backbone", "quality", "model", "image", "out", "report", "addr", "order", "bins", "label-regex", "folds", "loss", "losses", "hidden", "views", "tta", "explain", "resume", "overwrite", "threads", "class", "seeds", "by", "count", "level", "check", "unlabelled", "reviewer", "config", "json"}

// fewFlags is the number of flags up to which a command shows all of them.
const fewFlags = 14

// grouped returns the flags of a command by heading.
func grouped(c *cobra.Command) []flagGroup {
	group := map[string]string{}
	for _, g := range flagGroups {
		for _, name := range g.flags {
			group[name] = g.name
		}
	}
	for _, o := range head.Options() {
		group[o.Name] = o.Group
	}
	var out []flagGroup
	for _, g := range flagGroups {
		in := flagGroup{name: g.name}
		for _, set := range []*pflag.FlagSet{c.NonInheritedFlags(), c.InheritedFlags()} {
			set.SortFlags = false
			set.VisitAll(func(f *pflag.Flag) {
				if group[f.Name] == g.name && !slices.Contains(in.flags, f.Name) {
					in.flags = append(in.flags, f.Name)
				}
			})
		}
		out = append(out, in)
	}
	return out
}

// printHelp writes the help of a command: what it does, examples, its commands and its flags.
func printHelp(w io.Writer, c *cobra.Command, width int, all bool) {
	text := c.Long
	if text == "" {
		text = c.Short
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", wrap(strings.TrimSpace(text), width), usageLine(c))
	if c.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", c.Example)
	}
	printCommands(w, c)
	hidden := printFlags(w, c, width, all)
	fmt.Fprintln(w, "\n  -h, --help   show this help")
	if hidden > 0 {
		fmt.Fprintf(w, "      --help-all   show all flags: %d more\n", hidden)
	}
}

func usageLine(c *cobra.Command) string {
	if c.HasParent() {
		return c.Parent().CommandPath() + " " + c.Use
	}
	return c.Use
}

func printCommands(w io.Writer, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	fmt.Fprintln(w, "\nCommands:")
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(w, "  %-10s %s\n", sub.Name(), sub.Short)
		}
	}
	fmt.Fprintf(w, "\n  %s COMMAND --help shows the help of a command.\n", c.CommandPath())
}

// printFlags writes the flags by heading and returns how many were left out.
func printFlags(w io.Writer, c *cobra.Command, width int, all bool) (hidden int) {
	groups := grouped(c)
	total := 0
	for _, g := range groups {
		total += len(g.flags)
	}
	for _, g := range groups {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		set.SortFlags = false
		for _, name := range g.flags {
			if all || total <= fewFlags || slices.Contains(basicFlags, name) {
				set.AddFlag(c.Flag(name))
				continue
			}
			hidden++
		}
		if set.HasFlags() {
			fmt.Fprintf(w, "\n%s:\n%s", g.name, set.FlagUsagesWrapped(width))
		}
	}
	return hidden
}

// newHelp is the command help, which fails for a command that isn't there.
func newHelp(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				name := strings.Join(args, " ")
				if near := c.Root().SuggestionsFor(args[0]); len(near) > 0 {
					return &usageError{fmt.Errorf("help: %q is no command; did you mean %s?", name, near[0])}
				}
				return &usageError{fmt.Errorf("help: %q is no command; see %s --help", name, c.Root().CommandPath())}
			}
			found.InitDefaultHelpFlag()
			printHelp(a.out, found, a.textWidth(), a.helpAll)
			return nil
		},
	}
}

// wrap breaks the lines of text that are longer than width at spaces. A continuation is indented like its line.
func wrap(text string, width int) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		rest := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(rest)]
		if strings.HasPrefix(rest, "- ") {
			indent += "  "
		}
		for utf8.RuneCountInString(line) > width {
			cut := strings.LastIndex(string([]rune(line)[:width+1]), " ")
			if cut <= len(indent) {
				break
			}
			out = append(out, line[:cut])
			line = indent + strings.TrimLeft(line[cut:], " ")
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
