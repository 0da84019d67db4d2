// Package mistake holds the error for what a user can mend: a wrong flag, file, folder or value.
//
// Every such error says four things in one line: the file or flag it is about, what was found, what was
// expected and what to do. The command prints it and exits with status 2; any other error is a failure of
// the machine and exits with 1. Nothing here prints.
package mistake

import (
	"errors"
	"fmt"
	"strings"
)

// An Error is one mistake of a user. Only Subject and Found are required; the others are left out of the
// line when empty.
type Error struct {
	Subject  string // the file, flag or field: "faces/labels.csv line 7", "--order"
	Found    string // what was there: `label "old"`
	Expected string // what could be there: "one of young, adult"
	Do       string // the way out: "mend the line or add the class to --order"
	Err      error  // the cause, when there is one; reachable through errors.Is and errors.As
}

// Error returns the whole message on one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Subject)
	b.WriteString(": ")
	b.WriteString(e.Found)
	if e.Err != nil {
		fmt.Fprintf(&b, " (%v)", e.Err)
	}
	if e.Expected != "" {
		b.WriteString("; expected ")
		b.WriteString(e.Expected)
	}
	if e.Do != "" {
		b.WriteString("; ")
		b.WriteString(e.Do)
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(b.String())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether err is, or wraps, a mistake of the user.
func Is(err error) bool {
	var m *Error
	return errors.As(err, &m)
}
