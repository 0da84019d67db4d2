// Package userfile opens the files that a user names: manifests, networks, heads, configurations. It refuses what
// isn't a regular file, such as a FIFO or a device, before anything can block on it, and bounds how much is read.
//
// An error that the user can correct is an *invalid.Error with the path; any other is a failure of the machine. The
// package doesn't know what the files hold.
package userfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"finetune/invalid"
)

// Open opens a regular file of at most maxBytes for reading.
func Open(ctx context.Context, path string, maxBytes int64) (*os.File, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, Classify(path, err)
	}
	info, err := f.Stat()
	if err == nil {
		err = check(path, info, maxBytes)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns the contents of a regular file of at most maxBytes. It stops when ctx ends.
func Read(ctx context.Context, path string, maxBytes int64) ([]byte, error) {
	f, err := Open(ctx, path, maxBytes)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var buf bytes.Buffer
	if info, err := f.Stat(); err == nil {
		buf.Grow(int(info.Size()) + bytes.MinRead)
	}
	// The file may grow while it is read, so the bound holds for what is read, too.
	n, err := buf.ReadFrom(Reader(ctx, io.LimitReader(f, maxBytes+1)))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if n > maxBytes {
		return nil, tooLarge(path, maxBytes)
	}
	return buf.Bytes(), nil
}

func check(path string, info fs.FileInfo, maxBytes int64) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return &invalid.Error{Path: path, Found: "a folder", Want: "a file"}
	case !mode.IsRegular():
		return &invalid.Error{Path: path, Found: kind(mode), Want: "a regular file"}
	case info.Size() > maxBytes:
		return tooLarge(path, maxBytes)
	}
	return nil
}

func tooLarge(path string, maxBytes int64) error {
	return &invalid.Error{Path: path, Found: "a file that is too large", Want: fmt.Sprintf("at most %d bytes", maxBytes)}
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

// Classify returns err, which opening or examining path returned, as an *invalid.Error where the user can correct it.
func Classify(path string, err error) error {
	found, want := "", ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		found = "no such file or folder"
		if strings.Contains(path, "://") {
			want = "a path; only data and runs may lie at an address, which begins with s3:// or https://"
		}
	case errors.Is(err, fs.ErrPermission):
		found = "a file that may not be read"
	case notAFile(err):
		found = "not a file that can be opened"
	default:
		return err
	}
	return &invalid.Error{Path: path, Found: found, Want: want, Err: err}
}

// Reader returns a reader of r that ends with the cause of ctx.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &reader{ctx, r} }

type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
