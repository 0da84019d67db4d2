package main

import (
	"os"
	"regexp"
	"strings"

	"golang.org/x/term"
)

// A display is what is known of the terminal behind a stream. The zero value is a file or a pipe, to which text goes as it is.
type display struct {
	width  int  // in characters; 0 if unknown
	colour bool // escape sequences for colour are understood and wanted
	live   bool // lines may be drawn over
}

// displayOf looks at a stream. A CI system's log is never drawn over, and NO_COLOR (no-color.org) turns colour off.
func displayOf(w any) display {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return display{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	dumb := os.Getenv("TERM") == "dumb"
	return display{width: width, colour: os.Getenv("NO_COLOR") == "" && !dumb, live: os.Getenv("CI") == "" && !dumb}
}

// commandLine matches lines with a command to copy, which would break if the line did.
var commandLine = regexp.MustCompile(`finetune( [a-z-]+)* --`)

// isCommand reports whether a line holds a command that people copy. A pointer to the help may break.
func isCommand(line string) bool {
	return commandLine.MatchString(strings.ReplaceAll(line, "--help", ""))
}

// fit breaks a line between words.
func (d display) fit(line string) string {
	if d.width == 0 || isCommand(line) {
		return line
	}
	return wrap(line, d.width)
}

// lay fits text to the terminal: lines break between words, headings are bold, notes and warnings coloured.
func (d display) lay(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		heading := i+1 < len(lines) && isHeading(line, lines[i+1])
		line = d.fit(line)
		switch {
		case !d.colour:
		case heading:
			line = "\x1b[1m" + line + "\x1b[0m"
		case strings.HasPrefix(line, "note: "), strings.HasPrefix(line, "warning: "):
			line = "\x1b[33m" + line + "\x1b[0m"
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// isHeading reports whether a line stands above an indented one.
func isHeading(line, next string) bool {
	return line != "" && !strings.HasPrefix(line, " ") && strings.HasPrefix(next, "  ")
}

// failure is the text of an error as the last line of a command.
func (d display) failure(text string) string {
	line := d.fit("finetune: " + text)
	if d.colour {
		line = strings.Replace(line, "finetune:", "\x1b[1;31mfinetune:\x1b[0m", 1)
	}
	return line
}

// textWidth is the length of a line of help on a stream.
func (a *app) textWidth() int {
	if w := a.shows.width; w > 0 {
		return min(w, helpWidth)
	}
	return helpWidth
}
