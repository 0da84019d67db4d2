package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/internal/store/atomicfile"
	"finetune/pipeline/artifact"
)

// newMan is the hidden command that writes the manual pages. They have the headings of the help, which cobra/doc's lack.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages",
		Long:   "man writes a manual page for each command into DIR. SOURCE_DATE_EPOCH is their date; without it they have none.",
		Hidden: true,
		Args:   exactly("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			date, err := sourceDate()
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return err
			}
			return writeMan(args[0], c.Root(), date)
		},
	}
}

// sourceDate is the day in SOURCE_DATE_EPOCH, "" where that isn't set.
func sourceDate() (string, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return "", nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "", &usageError{fmt.Errorf("SOURCE_DATE_EPOCH is %q; expected seconds since 1970", text)}
	}
	return time.Unix(seconds, 0).UTC().Format(time.DateOnly), nil
}

// writeMan writes the page of a command and those of the commands below it.
func writeMan(dir string, c *cobra.Command, date string) error {
	err := atomicfile.Write(filepath.Join(dir, manName(c)+".1"), func(w io.Writer) error {
		checked := &checkedWriter{w: w}
		manPage(checked, c, date)
		return checked.err
	})
	for _, sub := range c.Commands() {
		if err == nil && sub.IsAvailableCommand() {
			err = writeMan(dir, sub, date)
		}
	}
	return err
}

// manName is the name of a command's page, such as finetune-train.
func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage writes one page in the man macros of roff.
func manPage(w io.Writer, c *cobra.Command, date string) {
	name := manName(c)
	fmt.Fprintf(w, ".TH \"%s\" 1 \"%s\" \"finetune %s\" \"finetune manual\"\n", strings.ToUpper(name), date, artifact.Version())
	fmt.Fprintf(w, ".SH NAME\n%s \\- %s\n", roff(name), roff(c.Short))
	fmt.Fprintf(w, ".SH SYNOPSIS\n%s\n", roff(usageLine(c)))
	fmt.Fprintln(w, ".SH DESCRIPTION")
	text := c.Long
	if text == "" {
		text = c.Short
	}
	manText(w, text)
	manCommands(w, c)
	manFlags(w, c)
	if c.Example != "" {
		fmt.Fprintf(w, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	fmt.Fprintln(w, ".SH EXIT STATUS")
	for _, s := range exitStatuses {
		fmt.Fprintf(w, ".TP\n%d\n%s\n", s.status, roff(s.meaning))
	}
	if !c.HasParent() {
		fmt.Fprintln(w, ".SH ENVIRONMENT")
		for _, e := range environment {
			fmt.Fprintf(w, ".TP\n%s\n%s\n", roff(e.name), roff(e.meaning))
		}
		return
	}
	fmt.Fprintf(w, ".SH SEE ALSO\n.BR %s (1)\n", roff(manName(c.Parent())))
}

// environment lists the variables that the command reads.
var environment = []struct{ name, meaning string }{
	{"ONNXRUNTIME_LIB", "The native ONNX Runtime library to load, instead of the one that finetune setup installed."},
	{"XDG_CACHE_HOME", "The folder above the feature cache and the installed library on Linux (default: ~/.cache)."},
}

// manText writes paragraphs; indented lines keep their line breaks.
func manText(w io.Writer, text string) {
	verbatim := false
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if indented := strings.HasPrefix(line, "  "); indented != verbatim && line != "" {
			verbatim = indented
			fmt.Fprintln(w, map[bool]string{true: ".nf", false: ".fi"}[verbatim])
		}
		if line == "" {
			line = ".PP"
		} else {
			line = roff(line)
		}
		fmt.Fprintln(w, line)
	}
	if verbatim {
		fmt.Fprintln(w, ".fi")
	}
}

func manCommands(w io.Writer, c *cobra.Command) {
	if !c.HasAvailableSubCommands() {
		return
	}
	fmt.Fprintln(w, ".SH COMMANDS")
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(w, ".TP\n.BR %s (1)\n%s\n", roff(manName(sub)), roff(sub.Short))
		}
	}
}

// manFlags writes all flags under the headings of the help.
func manFlags(w io.Writer, c *cobra.Command) {
	fmt.Fprintln(w, ".SH OPTIONS")
	for _, g := range grouped(c) {
		if len(g.flags) == 0 {
			continue
		}
		fmt.Fprintf(w, ".SS %s\n", g.name)
		for _, name := range g.flags {
			manFlag(w, c.Flag(name))
		}
	}
	fmt.Fprintln(w, ".SS Help\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshow the flags that most people need; \\fB\\-\\-help\\-all\\fR shows all")
}

func manFlag(w io.Writer, f *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(f)
	short := ""
	if f.Shorthand != "" {
		short = fmt.Sprintf("\\fB\\-%s\\fR, ", f.Shorthand)
	}
	if value != "" {
		value = " \\fI" + roff(value) + "\\fR"
	}
	fmt.Fprintf(w, ".TP\n%s\\fB\\-\\-%s\\fR%s\n%s", short, roff(f.Name), value, roff(usage))
	if d := f.DefValue; d != "" && d != "0" && d != "false" && d != "[]" && !strings.Contains(usage, "(default") {
		fmt.Fprintf(w, " (default %s)", roff(d))
	}
	fmt.Fprintln(w)
}

// roff escapes what roff would take for a command or change when it prints.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "`", `\(ga`, "~", `\(ti`, "\"", `\(dq`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
