package mistake

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
		{Error{Subject: "--lr", Found: `"fast"`, Expected: "a number above 0", Do: "try --lr 0.01"},
			`--lr: "fast"; expected a number above 0; try --lr 0.01`},
		{Error{Subject: "a.csv", Found: "cannot be read", Err: io.ErrUnexpectedEOF}, "a.csv: cannot be read (unexpected EOF)"},
		{Error{Subject: "a\nb", Found: "two\r\nlines"}, "a b: two  lines"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestIs(t *testing.T) {
	cause := &Error{Subject: "x", Found: "y", Err: io.EOF}
	wrapped := fmt.Errorf("train: %w", cause)
	if !Is(wrapped) || !errors.Is(wrapped, io.EOF) {
		t.Error("a wrapped mistake and its cause must be found")
	}
	if Is(io.EOF) || Is(nil) {
		t.Error("other errors are no mistakes of the user")
	}
}
