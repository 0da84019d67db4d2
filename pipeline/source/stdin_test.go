package source

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/invalid"
	"finetune/pipeline/textrows"
)

func TestStdin(t *testing.T) {
	dir := t.TempDir()
	p := write(t, dir, "a.jpg", "pixels")
	text := dir + "/./a.jpg\n\n" + `{"path":"` + p + `","id":"one"}` + "\r\n" + ` {"bytes":"cGl4","label":"x"}` +
		"\n{\n\xff\n" + strings.Repeat("x", maxLine+1) + "\n" + dir
	got, err := listed(t, dir, Options{Path: Stdin, Stdin: strings.NewReader(text)})
	want := []string{"./a.jpg=pixels", "one=pixels", "stdin line 4=pix x", "stdin line 5!not a JSON object",
		"stdin line 6!bytes that are not UTF-8",
		"stdin line 7!a line of more than"}
	if err != nil || len(got) != 7 || !slices.EqualFunc(got[:6], want, strings.HasPrefix) ||
		!strings.Contains(got[6], "a folder") {
		t.Errorf("%v\ngot  %.200q\nwant %q", err, got, want)
	}
	if got, err := listed(t, dir, Options{Path: Stdin, Stdin: strings.NewReader("")}); err != nil || len(got) != 0 {
		t.Errorf("nothing became %q, %v", got, err)
	}
}

// An item must come as soon as its line does, so that the other side can wait for the answer.
func TestStdinAnswersEachLine(t *testing.T) {
	r, w := io.Pipe()
	s, err := Open(t.Context(), Options{Path: Stdin, Stdin: r})
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan string)
	go func() {
		defer close(answers)
		for it, err := range s.All(t.Context()) {
			if err != nil {
				t.Error(err)
			}
			answers <- it.Name
		}
	}()
	for _, line := range []string{"a.jpg", "b.jpg", `{"id":"c","path":"c.jpg"}`} {
		io.WriteString(w, line+"\n")
		select {
		case got := <-answers:
			if !strings.Contains(line, got) {
				t.Errorf("got %q for %s", got, line)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no answer")
		}
	}
	w.Close()
	if _, more := <-answers; more {
		t.Error("an answer without a line")
	}
}

func TestStdinIsInterrupted(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := Open(ctx, Options{Path: Stdin, Stdin: r})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, cancel)
	for _, err := range s.All(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if ctx.Err() == nil {
		t.Error("ended before the context")
	}
}

// TestStdinIsLeft ends the loop over standard input from inside, when the context has ended as well, as an
// interrupted command does while it waits to hand an item on.
func TestStdinIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := Open(ctx, Options{Path: Stdin, Stdin: strings.NewReader("a.jpg\nb.jpg\n")})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for it, err := range s.All(ctx) {
		if n++; err != nil || it.Name != "a.jpg" {
			t.Fatalf("item %d is %q, %v", n, it.Name, err)
		}
		cancel()
		break
	}
	if n != 1 {
		t.Errorf("%d items", n)
	}
}

func TestStdinCannotBeReadTwice(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: Stdin, Stdin: strings.NewReader("a.jpg\n")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Items(t.Context()); !invalid.Is(err) {
		t.Errorf("got %v", err)
	}
}

// FuzzStdin holds that every line that isn't blank gives one item, in order, whose error is one of the item.
func FuzzStdin(f *testing.F) {
	f.Add([]byte("a.jpg\n\n b\r\n"))
	f.Add([]byte(textrows.Mark + `{"path":"a.jpg","label":1,"votes":{"1":2}}` + "\n" + `{"bytes":"AAEC","id":3}`))
	f.Add([]byte(`{"path":null,"bytes":null}` + "\n{}\n[]\n{\"id\":{}}\n\x00\nfile:///x\nhttp://x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := 0
		for line := range bytes.SplitSeq(bytes.TrimPrefix(text, []byte(textrows.Mark)), []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				want++
			}
		}
		s, err := Open(t.Context(), Options{Path: Stdin, Stdin: bytes.NewReader(text)})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for it, err := range s.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; it.Name == "" || it.content == nil {
				t.Fatalf("item %+v", it)
			}
			if h, ok := it.content.(held); ok && !bytes.Contains(text,
				[]byte(base64.StdEncoding.EncodeToString(h))) && !bytes.ContainsAny(text, `\`) {
				t.Fatalf("bytes %q that aren't in the input", h)
			}
			if err := it.Err(); err != nil && (!invalid.Is(err) || Reason(err) == "" ||
				strings.Contains(err.Error(), "\n")) {
				t.Fatalf("error %v", err)
			}
		}
		if n != want {
			t.Fatalf("%d items of %d lines", n, want)
		}
	})
}

// A reader without deadlines that gives nothing more doesn't keep the enumeration from ending with its context.
func TestStdinEndsWithItsContext(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Open(ctx, Options{Path: Stdin, Stdin: struct{ io.Reader }{r}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		var last error
		for _, err := range s.All(ctx) {
			last = err
		}
		ended <- last
	}()
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the enumeration goes on")
	}
}

// Ctrl-C ends the other side of a pipe, too, so that its end comes with the signal, and shortly before it at times.
func TestStdinEndsWithTheSignal(t *testing.T) {
	cause := errors.New("a signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	s, err := Open(ctx, Options{Path: Stdin, Stdin: strings.NewReader("a.jpg\nb.jp")})
	if err != nil {
		t.Fatal(err)
	}
	var last error
	items := 0
	for _, err := range s.All(ctx) {
		if last = err; err == nil {
			items++
		}
		if items == 2 {
			cancel(cause)
		}
	}
	if items != 2 || !errors.Is(last, cause) {
		t.Errorf("%d items, then %v", items, last)
	}
}
