package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"finetune/internal/remote"
	"finetune/invalid"
	"finetune/pipeline/textrows"
)

const (
	maxText = textrows.MaxRow           // bytes of a line without an image
	maxLine = (maxHeld+2)/3*4 + maxText // bytes of a line with an image in base64
)

// openText opens a text file, decompressing it by its name.
func openText(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := remote.Open(ctx, name, anySize)
	if err != nil {
		return nil, err
	}
	if !compressed(name) {
		return f, nil
	}
	unzipped, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		f.Close()
		return nil, failure(remote.Redacted(name), "not gzip", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{unzipped, f}, nil
}

// A lineReader makes items of lines.
type lineReader struct {
	name   string // of the input, for messages and names of lines without one
	folder string // that paths are relative to
	json   bool   // lines are JSON objects
	paths  bool   // lines are paths; with json, what doesn't begin with a brace is
	label  string // the field with the label
}

// readLines enumerates a list of paths or a JSONL table.
func readLines(ctx context.Context, f found, o Options, e *emitter) error {
	in, err := openText(ctx, f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	text, _, err := textrows.Open(in)
	if err != nil {
		return failure(f.shown(), "cannot be read", err)
	}
	l := lineReader{name: f.name, folder: remote.Dir(f.path), json: f.kind == jsonlTable, paths: f.kind == list,
		label: o.LabelColumn}
	if err := l.read(ctx, text, e); err != nil {
		return failure(f.shown(), "cannot be read", err)
	}
	return nil
}

// endPatience is how long after the end of standard input a job may still be interrupted. Ctrl-C ends the program that writes the lines
// as well, and the end of its lines may be seen before the signal; what is there then isn't the whole input.
const endPatience = 50 * time.Millisecond

// readStdin enumerates lines as they come, until ctx ends.
func readStdin(ctx context.Context, in io.Reader, e *emitter) error {
	in, stop := interruptible(ctx, in)
	defer stop()
	l := lineReader{name: "stdin", json: true, paths: true}
	err := l.read(ctx, in, e)
	if err == nil {
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(endPatience):
		}
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// interruptible returns a reader of in that fails when ctx ends. A reader without deadlines, such as standard input on
// most systems, is read by a goroutine, which ends when in returns.
func interruptible(ctx context.Context, in io.Reader) (_ io.Reader, stop func()) {
	d, ok := in.(interface{ SetReadDeadline(time.Time) error })
	if ok && d.SetReadDeadline(time.Time{}) == nil {
		stop := context.AfterFunc(ctx, func() { d.SetReadDeadline(time.Unix(1, 0)) })
		return in, func() { stop() }
	}
	r, w := io.Pipe()
	go func() {
		_, err := io.CopyBuffer(w, struct{ io.Reader }{in}, make([]byte, 1<<16))
		w.CloseWithError(err)
	}()
	ended := context.AfterFunc(ctx, func() { w.CloseWithError(context.Cause(ctx)) })
	return r, func() {
		ended()
		r.Close()
	}
}

// read emits an item for each line that isn't blank.
func (l *lineReader) read(ctx context.Context, r io.Reader, e *emitter) error {
	in := bufio.NewReaderSize(r, 1<<16)
	var buf []byte
	for n := 1; ; n++ {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		line, long, err := textrows.Line(in, buf[:0], l.limit())
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(textrows.Mark))
		}
		if buf = line; cap(buf) > maxText {
			buf = nil // a line with an image is rare enough not to keep its room
		}
		if long || len(bytes.TrimSpace(line)) > 0 {
			var it Item
			if long {
				it = l.mistake(n, fmt.Sprintf("a line of more than %d bytes", l.limit()), "")
			} else if e.mine() {
				it = l.item(n, line)
			}
			if l.json && l.paths {
				it.Line = digestOfLine(n, line)
			}
			if err := e.emit(it); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// digestOfLine is the Line of an item. Of a line that is too long nothing is known but its number.
func digestOfLine(n int, line []byte) string {
	sum := sha256.New()
	fmt.Fprintln(sum, n)
	sum.Write(line)
	return string(sum.Sum(nil))
}

func (l *lineReader) limit() int {
	if l.json {
		return maxLine
	}
	return maxText
}

// item makes an item of a line.
func (l *lineReader) item(n int, line []byte) Item {
	if !utf8.Valid(line) {
		return l.mistake(n, "bytes that are not UTF-8", "text in UTF-8")
	}
	if l.json && (!l.paths || bytes.HasPrefix(bytes.TrimSpace(line), []byte("{"))) {
		return l.object(n, line)
	}
	return l.pathItem(string(line), n)
}

// pathItem is the image at a path. On standard input its name is the path as written, by which the other side knows it.
func (l *lineReader) pathItem(p string, n int) Item {
	it := pathItem(p, l.folder, l.at(n))
	if l.json && l.paths && it.Err() == nil {
		it.Name = remote.Redacted(p)
	}
	return it
}

func (l *lineReader) at(n int) string { return fmt.Sprintf("%s line %d", l.name, n) }

// mistake is the item of a line that can't be used.
func (l *lineReader) mistake(n int, found, want string) Item {
	return Item{Name: l.at(n), content: failed{&invalid.Error{Path: l.at(n), Found: found, Want: want}}}
}

// pathItem is the image at a path that an input names. at says where, for one that can't be a path.
func pathItem(p, folder, at string) Item {
	bad := ""
	switch {
	case strings.TrimSpace(p) == "":
		return Item{Name: at, content: unusable(at, "no path", "the path of an image")}
	case strings.ContainsRune(p, 0):
		bad = "a path with a zero byte"
	case strings.Contains(p, "://") && !strings.HasPrefix(p, "file:///") && !remote.Is(p):
		bad = "an address"
	}
	if bad != "" {
		return Item{Name: p, content: unusable(at, fmt.Sprintf("%s %.60q", bad, p), "a file of this machine, s3:// or https://")}
	}
	if remote.Is(p) || remote.Is(folder) {
		return remoteItem(p, folder, at)
	}
	name := path.Clean(filepath.ToSlash(p))
	local := filepath.FromSlash(name)
	if strings.HasPrefix(name, "file:/") {
		local = filepath.FromSlash(strings.TrimPrefix(name, "file:"))
	}
	if !filepath.IsAbs(local) {
		local = filepath.Join(folder, local)
	}
	return Item{Name: name, content: file(local)}
}

// AtAddress returns the image at a path that is an address, or that a table in a folder at an address names. ok is false for a file of
// this machine.
func AtAddress(folder, p string) (it Item, ok bool) {
	if !remote.Is(folder) && !remote.Is(p) {
		return Item{}, false
	}
	return remoteItem(p, folder, p), true
}

// remoteItem is the image at a path that is an address, or that an input at an address names.
func remoteItem(p, folder, at string) Item {
	joined, err := remote.Join(folder, filepath.ToSlash(p))
	if err != nil {
		return Item{Name: p, content: failed{failure(at, "cannot be read", err)}}
	}
	name := path.Clean(filepath.ToSlash(p))
	if remote.Is(p) {
		name = remote.Redacted(p)
	}
	return Item{Name: name, content: address(joined)}
}
