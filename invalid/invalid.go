// Package invalid holds the error for input that a caller can correct: an option out of its range, a file that can't be
// used, data that can't be trained on. All packages of this module return it for such input; any other error is a failure of
// the machine. The command finetune exits with status 2 for the one and 1 for the other.
//
// It also holds the declaration of a numeric option, [Number], from which such errors are made.
//
// The package imports nothing of this module and prints nothing.
package invalid

import (
	"errors"
	"regexp"
	"strings"
)

// An Error describes one piece of invalid input. Found and one of Field and Path are set; the rest may be empty.
//
// Found, Want and Hint refer to options by their Go names in braces, such as "{Head.LR}". [Error.Error] prints the names
// without the braces; a program whose users know the options by other names prints [Error.Text].
type Error struct {
	Field string // the option, by its Go name: "Head.LR", "Out"
	Path  string // the file or folder, with a line where that helps: "faces/labels.csv line 7"
	Found string // what was there: `label "old"`
	Want  string // what was expected: "one of young, adult"
	Hint  string // what to do: "correct the line or add the class to {Data.Order}"
	Err   error  // the cause, reachable through errors.Is and errors.As
}

// Error returns the message on one line, with options under their Go names.
func (e *Error) Error() string {
	return e.Text(func(field string) string { return field })
}

// Text returns the message on one line, with name called for every option that it mentions.
func (e *Error) Text(name func(field string) string) string {
	var parts []string
	if e.Field != "" {
		parts = append(parts, name(e.Field))
	}
	if e.Path != "" {
		parts = append(parts, e.Path)
	}
	found := Named(e.Found, name)
	if e.Err != nil {
		found += " (" + Text(e.Err, name) + ")"
	}
	text := strings.Join(parts, " ") + ": " + found
	if e.Want != "" {
		text += "; expected " + Named(e.Want, name)
	}
	if e.Hint != "" {
		text += "; " + Named(e.Hint, name)
	}
	return oneLine(text)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Text returns the message of any error on one line. Where err is or wraps an [Error], name is called for the options that it
// mentions.
func Text(err error, name func(field string) string) string {
	var e *Error
	if !errors.As(err, &e) {
		return oneLine(err.Error())
	}
	return strings.Replace(oneLine(err.Error()), e.Error(), e.Text(name), 1)
}

func oneLine(text string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(text) }

// Is reports whether err is or wraps an [Error].
func Is(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// field matches a reference to an option: an exported Go name, with those of the structs that hold it before it.
var field = regexp.MustCompile(`\{[A-Z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)*\}`)

// Named returns text with the references to options in it, such as "{Out}", replaced by their names.
func Named(text string, name func(string) string) string {
	return field.ReplaceAllStringFunc(text, func(ref string) string { return name(ref[1 : len(ref)-1]) })
}
