package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/review"
)

// The exit statuses; docs/schemas.md promises them.
const (
	exitOK          = 0
	exitMachine     = 1
	exitMistake     = 2
	exitFound       = 3
	exitInterrupted = 130 // as shells report Ctrl-C
)

// exitStatuses is what the manual says of them.
var exitStatuses = []struct {
	status  int
	meaning string
}{
	{exitOK, "The job is done."},
	{exitMachine, "The machine failed: disk, memory, the native library, or a bug."},
	{exitMistake, "The command line, a file or the data is wrong, and the message says what to do."},
	{exitFound, "check found what --fail-on names, drift --fail-on-drift a difference, or cache verify damage."},
	{exitInterrupted, "Interrupted. What was finished is kept, and the same command continues from there."},
}

// app holds the streams of one call of the command.
type app struct {
	in          io.Reader
	out, err    io.Writer
	json, quiet bool
	helpAll     bool
	signals     *stopper

	shows  display // of out
	args   []string
	config string            // file of flags
	given  map[string]string // flags on the command line and in the file of flags, as written
}

// execute is the whole command: it returns the exit status and never exits itself, so tests can call it.
func execute(args []string, in io.Reader, out, errs io.Writer) int {
	ctx, signals := interruptible()
	defer signals.stop()
	checked := &checkedWriter{w: out}
	a := &app{in: in, out: checked, err: errs, signals: signals, shows: displayOf(out)}
	problems := displayOf(errs)
	if i := slices.Index(args, "--help-all"); i >= 0 {
		args = slices.Clone(args)
		args[i], a.helpAll = "--help", true
	}
	a.args, a.given = args, map[string]string{}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(checked)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = checked.err
	}
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil && !errors.Is(err, review.ErrBehind):
		fmt.Fprintln(errs, problems.failure("interrupted; what was finished is kept, and the same command goes on from there"))
		return exitInterrupted
	case errors.Is(err, errFound):
		return exitFound // what was found is printed already
	case errors.As(err, &usage), invalid.Is(err):
		addSuggestion(err)
		fmt.Fprintln(errs, problems.failure(printable(invalid.Text(err, flagName))))
		return exitMistake
	}
	fmt.Fprintln(errs, problems.failure(printable(invalid.Text(err, flagName))))
	return exitMachine
}

// addSuggestion adds a hint to an error about a misspelt value.
func addSuggestion(err error) {
	var e *invalid.Error
	if errors.As(err, &e) && e.Hint == "" {
		e.Hint = suggestion(e.Found, e.Want)
	}
}

// errFound ends a check that found something.
var errFound = errors.New("something was found")

// A usageError is a command line that can't be understood.
type usageError struct{ error }

const rootLong = `finetune trains an ordinal image classifier on the features of a frozen ONNX network: labelled images in, a report and a model out. finetune train --help explains the data, the figures and the run folder.`

func newRoot(a *app) *cobra.Command {
	root := newTrain(a)
	root.Use = "finetune --data PATH [--backbone FILE]"
	root.Short = "Train an ordinal image classifier on the features of a frozen network"
	root.Long = rootLong
	root.Version = artifact.Version()
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("finetune {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVar(&a.json, "json", false, "one JSON document on standard output, and nothing else there")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no notes on standard error")
	root.PersistentFlags().StringVar(&a.config, "config", "", "`file` of flags (YAML, TOML or JSON), or the config.json of a run; flags on the command line win")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		a.remember(c)
		return a.useConfigFile(c)
	}
	root.AddCommand(newTrain(a), newExtract(a), newEval(a), newPredict(a), newExport(a), newServe(a), newExplain(a), newCompare(a), newCheck(a), newSuggest(a), newReview(a), newDrift(a), newInspect(a), newDoctor(a), newSetup(a), newCache(a), newVersion(a))
	root.AddCommand(newMan())
	root.SetHelpCommand(newHelp(a))
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { printHelp(a.out, c, a.textWidth(), a.helpAll) })
	addCompletions(root)
	return root
}

// flagError says what is wrong with a flag in the words of all other errors.
func flagError(c *cobra.Command, err error) error {
	var own *invalid.Error
	if errors.As(err, &own) {
		return own
	}
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		return &invalid.Error{
			Field: "--" + value.GetFlag().Name, Found: strconv.Quote(value.GetValue()),
			Want: map[string]string{"int": "a whole number", "uint64": "a whole number from 0 up", "float64": "a number", "bool": "true or false",
				"stringToString": "NAME=VALUE, as in device_id=1"}[value.GetFlag().Value.Type()],
			Hint: "see " + c.CommandPath() + " --help",
		}
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
			return &usageError{fmt.Errorf("%w; did you mean --%s? See %s --help", err, near, c.CommandPath())}
		}
	}
	return &usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
}

// noArgs refuses words that aren't flags, and says how the main job is called.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if tta := c.Flags().Lookup("tta"); tta != nil && tta.Changed {
		if _, err := strconv.Atoi(args[0]); err == nil {
			return &usageError{fmt.Errorf("%q is no command and no flag; the number of views is given as --tta=%s; see %s --help", args[0], args[0], c.CommandPath())}
		}
	}
	if near := c.Root().SuggestionsFor(args[0]); len(near) > 0 && c.Parent() == nil {
		return &usageError{fmt.Errorf("%q is no command; did you mean %s %s? See %[2]s --help", args[0], c.CommandPath(), near[0])}
	}
	return &usageError{fmt.Errorf("%q is no command and no flag; images are given as %s --data %s; see finetune --help", args[0], c.CommandPath(), args[0])}
}

// exactly wants the number of words that names stand for.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return &usageError{fmt.Errorf("%s: %d words after the command; expected %d (%v); see %[1]s --help", c.CommandPath(), len(args), len(names), names)}
	}
}

// required reports a flag that the command can't do without.
func required(c *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if !c.Flags().Changed(name) {
			return &usageError{fmt.Errorf("--%s is missing; see %s --help", name, c.CommandPath())}
		}
	}
	return nil
}

// either wants images or extracted features, not both, and with features no flag that says how images become such.
func either(c *cobra.Command, data, features string) error {
	if (data == "") == (features == "") {
		return &usageError{fmt.Errorf("give either --data PATH (images) or --features DIR; see %s --help", c.CommandPath())}
	}
	if features == "" {
		return nil
	}
	for _, name := range ofImages() {
		if c.Flags().Changed(name) {
			return &invalid.Error{Field: "--" + name, Found: "given with --features, whose features are made already", Hint: "leave it out, or give it to finetune extract"}
		}
	}
	return nil
}

// ofImages names the flags that say how images become labelled features.
func ofImages() []string {
	names := []string{"label-regex", "augment", "augment-seed"}
	network := pflag.NewFlagSet("", pflag.ContinueOnError)
	addNetworkFlags(network, &features.Images{})
	network.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// progress returns what the jobs report to, and a function that ends it.
func (a *app) progress() (progress.Reporter, func()) {
	if a.quiet {
		return nil, func() {}
	}
	return newProgress(a.err)
}

// perform runs a job with its progress shown and prints its result: as JSON where that was asked for, else by asText.
func perform[R any](a *app, c *cobra.Command, job func(context.Context, progress.Reporter) (R, error), asText func(io.Writer, R)) error {
	reporter, done := a.progress()
	result, err := job(c.Context(), reporter)
	done()
	if err != nil {
		return err
	}
	return a.print(result, func(w io.Writer) { asText(w, result) })
}

// print writes the result of a job: as JSON where that was asked for, else by the given function.
func (a *app) print(result any, asText func(w io.Writer)) error {
	if !a.json {
		var text bytes.Buffer
		asText(printableWriter{&text})
		_, err := io.WriteString(a.out, a.shows.lay(text.String()))
		return err
	}
	return artifact.EncodeJSON(a.out, result)
}
