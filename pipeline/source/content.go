package source

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"syscall"

	"finetune/internal/remote"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// maxHeld bounds an image that is held in memory while it waits, because its input can't be read at random.
const maxHeld = 1 << 26

// anySize is for inputs that are read piece by piece.
const anySize = math.MaxInt64

// A content is how the bytes of an image are had.
type content interface {
	appendTo(ctx context.Context, buf []byte) ([]byte, error)
}

// A file is an image that is a file.
type file string

func (f file) appendTo(ctx context.Context, buf []byte) ([]byte, error) {
	in, err := userfile.Open(ctx, string(f), MaxBytes)
	if err != nil {
		return buf, err
	}
	defer in.Close()
	size := int64(0)
	if info, err := in.Stat(); err == nil {
		size = info.Size()
	}
	buf, err = appendAll(ctx, buf, in, size)
	if err != nil {
		return buf, failure(string(f), "cannot be read", err)
	}
	return buf, nil
}

// An address is an image at one.
type address string

func (a address) appendTo(ctx context.Context, buf []byte) ([]byte, error) {
	start := len(buf)
	buf, err := remote.Append(ctx, buf, string(a), MaxBytes)
	if err != nil {
		return buf[:start], failure(remote.Redacted(string(a)), "cannot be read", err)
	}
	return buf, nil
}

// A member is an image in an archive that can be read at random.
type member struct {
	archive  string // path
	name     string // for messages: Item.Name
	offset   int64
	stored   int64 // bytes from offset
	size     int64 // bytes of the image
	deflated bool
	checked  bool // sum is set
	sum      uint32
	stamp    stamp
}

// A stamp tells whether a file is the one that was enumerated.
type stamp struct {
	size    int64
	version string
}

func stampOf(f remote.File) (stamp, error) {
	info, err := f.Stat()
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), f.Version()}, nil
}

// open returns the bytes of the archive that are the member's.
func (m *member) open(ctx context.Context) (io.Reader, io.Closer, error) {
	if remote.Is(m.archive) {
		data, err := remote.AppendRange(ctx, nil, m.archive, m.offset, m.stored, m.stamp.version)
		return bytes.NewReader(data), io.NopCloser(nil), err
	}
	f, err := remote.Open(ctx, m.archive, anySize)
	if err != nil {
		return nil, nil, err
	}
	now, err := stampOf(f)
	if err == nil && now != m.stamp {
		err = &invalid.Error{Path: m.name, Found: "an archive that changed while it was read", Hint: "start again"}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return io.NewSectionReader(f, m.offset, m.stored), f, nil
}

func (m *member) appendTo(ctx context.Context, buf []byte) ([]byte, error) {
	in, archive, err := m.open(ctx)
	if err != nil {
		return buf, err
	}
	defer archive.Close()
	if m.deflated {
		in = flate.NewReader(in)
	}
	start := len(buf)
	buf, err = appendAll(ctx, buf, io.LimitReader(in, m.size+1), m.size)
	switch {
	case err != nil:
		return buf[:start], failure(m.name, "cannot be read", err)
	case int64(len(buf)-start) != m.size:
		return buf[:start], &invalid.Error{Path: m.name, Found: fmt.Sprintf("%d bytes or more", len(buf)-start),
			Want: fmt.Sprintf("%d as the archive says", m.size)}
	case m.checked && crc32.ChecksumIEEE(buf[start:]) != m.sum:
		return buf[:start], &invalid.Error{Path: m.name, Found: "bytes that don't have the archive's checksum",
			Hint: "copy the archive again"}
	}
	return buf, nil
}

// held is an image in memory.
type held []byte

func (h held) appendTo(_ context.Context, buf []byte) ([]byte, error) { return append(buf, h...), nil }

// failed stands for an image that can't be had.
type failed struct{ err error }

func (f failed) appendTo(_ context.Context, buf []byte) ([]byte, error) { return buf, f.err }

// appendAll appends what is left of r, about size bytes and at most MaxBytes.
func appendAll(ctx context.Context, buf []byte, r io.Reader, size int64) ([]byte, error) {
	const step = 1 << 20
	start := len(buf)
	// The size comes from an untrusted header, so that it isn't believed beyond the first step.
	buf = slices.Grow(buf, int(min(size, step))+1)
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(1<<12, len(buf)-start))
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), len(buf)+step)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)-start) > MaxBytes {
			return buf, tooLarge("", MaxBytes)
		}
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return buf, err
		}
	}
}

func tooLarge(path string, most int64) *invalid.Error {
	return &invalid.Error{Path: path, Found: "an image that is too large", Want: fmt.Sprintf("at most %d bytes", most)}
}

// failure makes an error of what is stored at path, unless it is one of the machine or of the context.
func failure(path, found string, err error) error {
	var known *invalid.Error
	if errors.As(err, &known) {
		if known.Path == "" {
			at := *known
			at.Path = path
			return &at
		}
		return err
	}
	var machine syscall.Errno
	var network *remote.Error
	if errors.As(err, &machine) || errors.As(err, &network) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &invalid.Error{Path: path, Found: found, Err: err}
}

// unusable is the content of an item that the caller can correct.
func unusable(path, found, want string) content {
	return failed{&invalid.Error{Path: path, Found: found, Want: want}}
}
