package invalid

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestError(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want string
	}{
		{Error{Field: "Head.LR", Found: `"fast"`, Want: "a number above 0", Hint: "try {Head.LR} 0.01"},
			`Head.LR: "fast"; expected a number above 0; try Head.LR 0.01`},
		{Error{Path: "a.csv", Found: "cannot be read", Err: io.ErrUnexpectedEOF}, "a.csv: cannot be read (unexpected EOF)"},
		{Error{Field: "Out", Path: "run", Found: "an earlier run"}, "Out run: an earlier run"},
		{Error{Path: "a\nb", Found: "two\r\nlines"}, "a b: two  lines"},
		{Error{Path: "x", Found: "{not a field} and {0-2}"}, "x: {not a field} and {0-2}"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestText(t *testing.T) {
	err := Error{Field: "Out", Path: "run", Found: "an earlier run", Want: "no {Out}", Hint: "give another {Out}, or {Overwrite}"}
	flags := map[string]string{"Out": "--out", "Overwrite": "--overwrite"}
	got := err.Text(func(field string) string { return flags[field] })
	if want := "--out run: an earlier run; expected no --out; give another --out, or --overwrite"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTextOfWrapped(t *testing.T) {
	inner := &Error{Field: "Head.LR", Found: "0"}
	err := fmt.Errorf("fold 1: %w", &Error{Path: "run", Found: "no settings", Err: inner})
	got := Text(err, func(field string) string { return "--" + field })
	if want := "fold 1: run: no settings (--Head.LR: 0)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Text(io.EOF, nil); got != "EOF" {
		t.Errorf("got %q", got)
	}
}

func TestIs(t *testing.T) {
	cause := &Error{Path: "x", Found: "y", Err: io.EOF}
	wrapped := fmt.Errorf("train: %w", cause)
	if !Is(wrapped) || !errors.Is(wrapped, io.EOF) {
		t.Error("a wrapped error and its cause must be found")
	}
	if Is(io.EOF) || Is(nil) {
		t.Error("other errors are no invalid input")
	}
}
