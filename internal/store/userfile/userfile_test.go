//go:build unix

package userfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"finetune/invalid"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("abc"), 0o666); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o666); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, found string
		max         int64
	}{
		{file, "", 3},
		{file, "too large", 2},
		{dir, "a folder", 10},
		{fifo, "a named pipe", 10},
		{"/dev/zero", "a device", 10},
		{loop, "not a file", 10},
		{filepath.Join(dir, "missing"), "no such file", 10},
		{filepath.Join(file, "below"), "not a file", 10},
		{filepath.Join(dir, strings.Repeat("n", 300)), "not a file", 10},
	} {
		data, err := Read(context.Background(), c.path, c.max)
		if c.found == "" {
			if err != nil || string(data) != "abc" {
				t.Errorf("%s: got %q, %v", c.path, data, err)
			}
			continue
		}
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.found) {
			t.Errorf("%s: got error %v, want invalid input with %q", c.path, err, c.found)
		}
	}
}

func TestReadHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, "userfile.go", 1<<20); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOpenKeepsFailuresOfTheMachine(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.EIO, syscall.ENFILE} {
		if err := Classify("x", &fs.PathError{Op: "open", Path: "x", Err: errno}); invalid.Is(err) || !errors.Is(err, errno) {
			t.Errorf("%v became %v", errno, err)
		}
	}
}
